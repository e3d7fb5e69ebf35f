"""Tables as people have them: read as they are meant, or refused in a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import eqsolve
from eqsolve.errors import InputError
from eqsolve.market.calendar import gaps, periods_of_year
from eqsolve.market.read import Market, read_market
from eqsolve.market.regimes import Regimes, regimes

pl = pytest.importorskip("polars")
pytest.importorskip("hmmlearn")
pd = pytest.importorskip("pandas")

COUNT = 90
#: New clocks are set within them; a midnight there is a Sunday's for those who count universally.
DATES = pd.bdate_range("2024-02-01", periods=COUNT)
PRICES = 100 * np.exp(np.cumsum(np.random.default_rng(5).standard_normal((COUNT, 3)) / 100, axis=0))
FRAME = pd.DataFrame(PRICES, index=DATES, columns=list("ABC"))


def _columned(dates: Any, **columns: Any) -> Any:
    """The frame with these dates in a column, and others in place of its columns."""
    return pd.DataFrame(
        {"date": dates, **{name: FRAME[name].to_numpy() for name in FRAME}, **columns}
    )


def _same(data: Any) -> Market:
    """What is read, which has the returns of the frame."""
    found = read_market(data)
    assert found.returns == pytest.approx(np.diff(np.log(PRICES), axis=0), abs=1e-13)
    assert found.year == 252 and found.kind == "prices"
    assert not any("gap" in note for note in found.notes)
    return found


def test_a_date_is_that_of_its_own_clock() -> None:
    """Midnight in Berlin is Sunday evening in universal time: Mondays are no gaps."""
    berlin = FRAME.tz_localize("Europe/Berlin")
    texts = [str(date).replace(" ", "T") for date in berlin.index]
    assert {text[-6:] for text in texts} == {"+01:00", "+02:00"}
    for data in (
        berlin,
        _columned(berlin.index),
        pl.DataFrame(
            {"date": berlin.index.tz_convert(None).to_numpy(), **dict(zip("ABC", PRICES.T))}
        ).with_columns(
            pl.col("date").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
        ),
        _columned(texts),
        _columned(DATES.strftime("%Y-%m-%dT16:00:00.000Z")),
        _columned(DATES.strftime("%Y-%m-%d 16:00")),
    ):
        found = _same(data)
        days = found.dates.astype("datetime64[D]")
        assert np.array_equal(days, DATES[1:].to_numpy().astype("datetime64[D]"))


def test_a_weekend_may_lie_elsewhere() -> None:
    """Open from Sunday to Thursday: 252 days, no gaps; every day: 365."""
    every = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    there = every[np.is_busday(every, weekmask="Sun Mon Tue Wed Thu")]
    assert periods_of_year(there) == 252 and not gaps(there).any()
    assert periods_of_year(every) == 365


def test_frames_and_files_that_programs_write(tmp_path: Path) -> None:
    _same(FRAME.to_period("D"))
    _same(FRAME.set_axis(FRAME.index.strftime("%Y-%m-%d")))
    _same(_columned([date.date() for date in DATES]))
    _same(_columned(DATES.strftime("%Y%m%d").astype(int)))
    _same(pl.DataFrame({"date": DATES.to_numpy(), **dict(zip("ABC", PRICES.T))}).lazy())
    FRAME.to_csv(tmp_path / "index.csv")  # dates under no name
    _same(tmp_path / "index.csv")
    _columned(DATES).to_csv(tmp_path / "rows.csv")  # numbers of rows under no name
    assert "a column without a name is left out." in _same(tmp_path / "rows.csv").notes
    frame = pl.DataFrame({"date": DATES.to_numpy(), **dict(zip("ABC", PRICES.T))})
    frame.write_ipc_stream(tmp_path / "stream.arrow")
    _same(tmp_path / "stream.arrow")
    alone = read_market(FRAME["A"])
    assert alone.assets == ("A",) and len(alone.dates) == COUNT - 1
    # texts among the numbers of an object column count as missing
    mixed = read_market(_columned(DATES, A=[None, "closed", *PRICES[2:, 0]]))
    assert len(mixed.dates) == COUNT - 3 and any("'closed'" in note for note in mixed.notes)
    months = _columned(pd.period_range("2010-01", periods=COUNT, freq="M").astype(str))
    assert read_market(months).year == 12


def test_what_is_odd_is_told() -> None:
    split = FRAME.copy()
    split.iloc[40:, 1] /= 10
    (note,) = (note for note in read_market(split).notes if "split" in note)
    assert note.startswith("B changes by a factor of 0.09879 on ") and str(DATES[40].date()) in note
    filled = FRAME.asfreq("D").ffill()
    (note,) = (note for note in read_market(filled).notes if "nothing moves" in note)
    assert note.startswith(f"in {(len(filled) - COUNT) / (len(filled) - 1):.0%} of periods")
    assert not any("moves" in note or "split" in note for note in read_market(FRAME).notes)


def _text(change: Callable[[float], object]) -> Any:
    return _columned(DATES, **{n: [str(change(x)) for x in FRAME[n]] for n in "ABC"})


RETURNS = np.expm1(np.diff(np.log(PRICES), axis=0, prepend=math.log(100)))


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (_text(lambda x: f"{100 * x:,.2f}"), None, r"texts such as '9,9.*Write numbers as 1234.5"),
        (_text(lambda x: f"{x:.2f}%"), None, r"texts such as .*%'.*as in 'A \[%\]'"),
        (FRAME.set_axis(["A", "A", "B"], axis=1), None, "two columns have one name"),
        (None, None, "NoneType is no table"),
        (_columned(["2024-01-01"] * COUNT), None, "twice.*one row a date and one column an asset"),
        (FRAME.add_suffix(" [%]"), None, "log return of A, B, C is above 5000%"),
        (_columned(DATES, A=RETURNS[:, 0], B=RETURNS[:, 1]), None, "log return of C is above 500%"),
        (FRAME, "returns", "log return of A, B, C is above 500%"),
        (pd.DataFrame(1 + RETURNS, DATES, list("ABC")), None, "A are positive, but do not go on"),
        (_columned(DATES, A=np.where(np.arange(COUNT) == 9, 1e300, 100 + RETURNS[:, 0])), "prices",
         "volatility of A is above 5000%"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(data: Any, kind: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_market(data, kind=kind)


def test_files_without_names_and_small_tables(tmp_path: Path) -> None:
    _columned(DATES).to_csv(tmp_path / "bare.csv", index=False, header=False)
    with pytest.raises(InputError, match="begins with the date 2024-02-01, not with names"):
        read_market(tmp_path / "bare.csv")
    random = np.random.default_rng(6)
    wide = pd.DataFrame(np.exp((random.standard_normal((60, 60)) / 100).cumsum(axis=0)), DATES[:60])
    with pytest.raises(InputError, match="59 periods of 60 assets do not determine"):
        regimes(read_market(wide))
    with pytest.raises(InputError, match="n-agent, market: NoneType is no table"):
        eqsolve.market(None, "n-agent", estimated={"b": "drift"})


def test_a_regime_whose_end_is_not_seen_has_no_length() -> None:
    where = np.repeat([0, 1], 50)
    stays = np.array([[0.98, 0.02], [1e-12, 1 - 1e-12]])
    assert Regimes(where, np.eye(2)[where], stays, {}).lengths == [pytest.approx(50), math.inf]

/* The order of what a search finds: pages that are about the words before those that have them. */
Object.assign(Scorer, {
  /* What is sought, as words without their endings, and as words side by side. */
  sought: () => {
    const stemmer = new Stemmer();
    const query = new URLSearchParams(window.location.search).get("q") ?? "";
    return Scorer.stems(query, stemmer);
  },
  stems: (text, stemmer = new Stemmer()) =>
    splitQuery(text.toLowerCase()).filter((word) => !stopwords.has(word)).map((word) => stemmer.stemWord(word)),
  /* How much a page is about the words, from 0 to 1; `ABOUT` is written when the site is built. */
  about: (page, words) => {
    const share = (word) => ABOUT.words[word]?.[page] ?? 0;
    const apart = words.reduce((sum, word) => sum + share(word), 0) / words.length;
    const pairs = words.slice(1).map((word, k) => `${words[k]} ${word}`);
    return pairs.length ? (apart + pairs.reduce((sum, pair) => sum + share(pair), 0) / pairs.length) / 2 : apart;
  },
  score: (result) => {
    const [page, title, anchor, told, score, , kind] = result;
    const words = Scorer.sought();
    if (!words.length) return score;
    /* a function or a class by its name; attributes and options come last */
    if (kind === "object") {
      const exact = score >= Scorer.objNameMatch + Scorer.objPrio[1];
      return exact && / (function|class|exception),/.test(told) ? 20 : Number(exact);
    }
    if (kind === "index") return 1;
    /* where a result is told about, nothing is fetched, which a page that is a file could not */
    result[3] ??= ABOUT.pages[page] ?? "";
    const about = 12 * Scorer.about(page, words);
    if (anchor) return 0.6 * score + about / 2;
    const named = new Set(Scorer.stems(title));
    const met = words.filter((word) => named.has(word)).length;
    return (8 * met) / words.length + (6 * met) / Math.max(named.size, 1) + about;
  },
});

//! A uniform mesh of an interval, its quadrature weights and what happens at its ends.

use crate::error::{GridError, Result};

/// Fewest nodes of a mesh.
pub const FEWEST: usize = 5;

/// What happens at the ends of the interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Boundary {
    /// The state is reflected: u_x = 0 and no flux.
    Reflecting,
    /// The agent leaves at a cost, on the left and on the right.
    Absorbing([f64; 2]),
    /// The ends are the same point.
    Periodic,
    /// A piece of the real line that agents do not leave: the third difference of u vanishes, and
    /// controls that point outward are not available at the ends.
    Open,
}

/// Nodes with their weights.
#[derive(Debug, Clone)]
pub struct Mesh {
    /// Distance of neighbours.
    pub width: f64,
    /// Positions.
    pub nodes: Vec<f64>,
    /// Weights of the trapezoidal rule.
    pub weights: Vec<f64>,
    /// The ends.
    pub boundary: Boundary,
    /// Length of the interval.
    pub length: f64,
}

impl Mesh {
    /// `count` nodes from `low` to `high`; at a periodic boundary `high` is not a node.
    pub fn new(low: f64, high: f64, count: usize, boundary: Boundary) -> Result<Self> {
        if !(low.is_finite() && high.is_finite() && low < high) {
            return Err(GridError::invalid(
                "domain",
                format!("({low}, {high})"),
                "two finite numbers are needed, the first smaller",
            ));
        }
        if count < FEWEST {
            return Err(GridError::invalid(
                "nodes",
                count.to_string(),
                format!("at least {FEWEST} are needed"),
            ));
        }
        if let Boundary::Absorbing(costs) = boundary {
            if !costs.iter().all(|c| c.is_finite()) {
                return Err(GridError::invalid(
                    "exit_costs",
                    format!("({}, {})", costs[0], costs[1]),
                    "finite numbers are needed",
                ));
            }
        }
        let length = high - low;
        let periodic = boundary == Boundary::Periodic;
        let width = length / (if periodic { count } else { count - 1 }) as f64;
        let distinct = low + width > low && high - width < high;
        // variances and second differences have to be numbers, too
        if !(distinct && width * width >= f64::MIN_POSITIVE && (length * length).is_finite()) {
            return Err(GridError::invalid(
                "domain",
                format!("({low}, {high})"),
                "the ends are too close, or too far apart, for the nodes to be distinct",
            ));
        }
        let mut weights = vec![width; count];
        if !periodic {
            weights[0] *= 0.5;
            weights[count - 1] *= 0.5;
        }
        Ok(Self {
            width,
            nodes: (0..count).map(|i| low + i as f64 * width).collect(),
            weights,
            boundary,
            length,
        })
    }

    /// Number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes; there always are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Indices of the nodes at which agents are present: not the absorbing ends.
    #[must_use]
    pub fn active(&self) -> std::ops::Range<usize> {
        match self.boundary {
            Boundary::Absorbing(_) => 1..self.len() - 1,
            _ => 0..self.len(),
        }
    }

    /// The mesh of every second node.
    pub fn coarsened(&self) -> Result<Self> {
        let n = self.len();
        let periodic = self.boundary == Boundary::Periodic;
        if (n % 2 == 0) != periodic {
            return Err(GridError::invalid(
                "nodes",
                n.to_string(),
                if periodic {
                    "with richardson and a periodic boundary an even number is needed"
                } else {
                    "with richardson an odd number is needed"
                },
            ));
        }
        let low = self.nodes[0];
        Self::new(low, low + self.length, n.div_ceil(2), self.boundary)
    }
}

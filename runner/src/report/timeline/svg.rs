//! A timeline as a drawing: a lane each, time downward, arrows from lane to lane.
//!
//! It stands alone: no script, no font, no network, light and dark by what the reader prefers. Texts
//! are escaped and stand in elements, never in attributes. A long run is cut in the middle.

use super::{Look, look, middle, one_line};
use atropos::timeline::{Entry, Timeline};

/// More lines are not drawn.
const MOST: usize = 400;
const ROW: usize = 22;
const HEAD: usize = 44;
const MARGIN: usize = 52;
const SIGN: usize = 5;
/// A character of text, about.
const LETTER: usize = 7;

const STYLE: &str = "\
text{font:12px ui-monospace,'DejaVu Sans Mono',monospace;fill:#1b1f24}
.dim{fill:#5c6670}.head{font-weight:bold}
.lane{stroke:#c3cad2;stroke-width:1}.paper{fill:#fff}
.arrow{stroke:#31445c;stroke-width:1.4;fill:none}.tip,.dot{fill:#31445c}
.exit .arrow{stroke:#b3261e}.exit .tip,.exit .dot{fill:#b3261e}.exit text{fill:#b3261e}
.tick text{fill:#5c6670}.tick .dot{fill:#98a3ad}
@media(prefers-color-scheme:dark){text{fill:#e3e7eb}.dim{fill:#98a3ad}.paper{fill:#14181c}
.lane{stroke:#3d4751}.arrow{stroke:#9db4d0}.tip,.dot{fill:#9db4d0}
.exit .arrow{stroke:#ff8a80}.exit .tip,.exit .dot{fill:#ff8a80}.exit text{fill:#ff8a80}
.tick text{fill:#98a3ad}.tick .dot{fill:#5c6670}}";

/// Where things stand.
struct Frame<'t> {
    lanes: Vec<&'t str>,
    /// From lane to lane.
    apart: usize,
}

impl Frame<'_> {
    fn x(&self, lane: &str) -> usize {
        let at = self.lanes.iter().position(|other| *other == lane).unwrap_or(0);
        MARGIN + self.apart / 2 + at * self.apart
    }

    /// Where the texts begin.
    fn texts(&self) -> usize {
        MARGIN + self.lanes.len() * self.apart + 12
    }
}

/// The drawing.
pub(crate) fn svg(timeline: &Timeline) -> String {
    let lanes = timeline.lanes();
    let apart = (720 / lanes.len().max(1)).clamp(24, 120);
    let frame = Frame { lanes, apart };
    let entries = &timeline.entries;
    let (head, tail) = middle(entries.len(), MOST);
    let gap = (tail > head).then(|| format!("{} lines are not drawn", tail - head));
    let longest = entries.iter().map(|entry| told(entry).chars().count()).max().unwrap_or(0);
    let rows = entries.len() - (tail - head) + usize::from(gap.is_some());
    let width = frame.texts() + longest.clamp(20, 120) * LETTER + 16;
    let height = HEAD + rows * ROW + 12;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>A run as lanes, time downward</title>\n<style>{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    for lane in &frame.lanes {
        svg.push_str(&lane_line(&frame, lane, height));
    }
    let mut y = HEAD + ROW / 2;
    for entry in &entries[..head] {
        svg.push_str(&row(&frame, entry, y));
        y += ROW;
    }
    if let Some(gap) = gap {
        svg.push_str(&format!(
            "<text class=\"dim\" x=\"{}\" y=\"{}\">⋮ {gap}</text>\n",
            frame.texts(),
            y + 4
        ));
        y += ROW;
    }
    for entry in &entries[tail..] {
        svg.push_str(&row(&frame, entry, y));
        y += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}

fn lane_line(frame: &Frame<'_>, lane: &str, height: usize) -> String {
    let x = frame.x(lane);
    let name = cut(lane, frame.apart / LETTER);
    format!(
        "<line class=\"lane\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{}\"/>\n<text class=\"head\" text-anchor=\"middle\" x=\"{x}\" y=\"22\"><title>{}</title>{}</text>\n",
        HEAD - 12,
        height - 8,
        escaped(lane),
        escaped(&name)
    )
}

fn row(frame: &Frame<'_>, entry: &Entry, y: usize) -> String {
    let Entry { step, line } = entry;
    let (look, x) = (look(&line.text), frame.x(&line.who));
    let arrow = line.to.as_deref().map(|to| arrow(look, x, frame.x(to), y)).unwrap_or_default();
    let text = told(entry);
    format!(
        "<g class=\"{}\"><text class=\"dim\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{step}</text>{arrow}{}<text x=\"{}\" y=\"{}\"><title>{}</title>{}</text></g>\n",
        look.name(),
        MARGIN - 14,
        y + 4,
        sign(look, x, y),
        frame.texts(),
        y + 4,
        escaped(&text),
        escaped(&cut(&text, 120))
    )
}

/// Who did what, to whom.
fn told(Entry { line, .. }: &Entry) -> String {
    one_line(&format!("{} {}", line.who, line.with_arrow()))
}

/// A shaft that ends at the other lane, and its tip.
fn arrow(look: Look, from: usize, to: usize, y: usize) -> String {
    let (shaft, back) = if to > from { (to - 7, to - 8) } else { (to + 7, to + 8) };
    format!(
        "<path class=\"arrow\" stroke-dasharray=\"{}\" d=\"M{from} {y}H{shaft}\"/><path class=\"tip\" d=\"M{to} {y}L{back} {}V{}Z\"/>",
        look.dashes(),
        y - 4,
        y + 4
    )
}

/// Who acts: a dot, a cross for an end, a ring for a reference.
fn sign(look: Look, x: usize, y: usize) -> String {
    let (left, right, top, low) = (x - SIGN, x + SIGN, y - SIGN, y + SIGN);
    match look {
        Look::Exit => format!(
            "<path class=\"arrow\" d=\"M{left} {top}L{right} {low}M{left} {low}L{right} {top}\"/>"
        ),
        Look::Hold => format!("<circle class=\"arrow\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>"),
        Look::Tick => format!("<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"2\"/>"),
        _ => format!("<circle class=\"dot\" cx=\"{x}\" cy=\"{y}\" r=\"3.5\"/>"),
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

fn escaped(text: &str) -> String {
    let text = one_line(text);
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{super::samples, *};

    #[test]
    fn an_arrow_ends_at_the_lane_of_whom_it_points_to() {
        let timeline = samples::told().timeline;
        let frame = Frame { lanes: timeline.lanes(), apart: 120 };
        let tip = format!("<path class=\"tip\" d=\"M{} 55L", frame.x("b#1.1"));
        assert!(svg(&timeline).contains(&tip), "{}", svg(&timeline));
    }

    #[test]
    fn markup_in_a_text_is_text() {
        let entries = vec![samples::entry(1, "<b>#1", "</svg><script>alert(1)</script>", None)];
        let svg = svg(&Timeline { entries });
        assert!(!svg.contains("<script>") && !svg.contains("<b>"), "{svg}");
    }

    #[test]
    fn a_long_run_is_cut_in_the_middle() {
        let entries: Vec<Entry> =
            (1..=1_000).map(|step| samples::entry(step, "a#1", "x", None)).collect();
        let svg = svg(&Timeline { entries });
        assert!(svg.contains("600 lines are not drawn"), "the gap is told");
    }
}

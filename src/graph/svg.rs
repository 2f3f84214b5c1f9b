//! Graphs drawn without another program: SVG 1.1, one column of rows, with the arrows in the margin.

use super::drawing::{Arrow, arrows, base, base_node, label, step_node, title};
use super::{Graph, estimates};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The height of a row, in pixels.
const ROW: usize = 22;
/// The width that a character of the monospaced font takes, in pixels.
const CHARACTER: usize = 8;
/// The margin that the arrows stand in, in pixels.
const MARGIN: usize = 120;
/// The longest label, in characters; the rest is in its tooltip.
const LONGEST: usize = 110;

/// The graph as an SVG image.
pub fn svg(graph: &Graph) -> String {
    let mut rows: BTreeMap<String, usize> = BTreeMap::new();
    let mut body = String::new();
    let mut longest = 0;
    let mut y = ROW;
    for (number, (stage, known)) in graph.stages.iter().zip(estimates(graph)).enumerate() {
        let top = y;
        let mut row = |node: Option<String>, text: &str, class: &str| {
            y += ROW;
            longest = longest.max(text.chars().count().min(LONGEST));
            let short: String = match text.chars().count() > LONGEST {
                true => text.chars().take(LONGEST - 1).chain(['…']).collect(),
                false => text.to_owned(),
            };
            let (short, whole) = (escape(&short), escape(text));
            let _ = writeln!(body, "  <text x=\"{MARGIN}\" y=\"{y}\"{class}><title>{whole}</title>{short}</text>");
            rows.extend(node.map(|node| (node, y - ROW / 4)));
        };
        row(None, &title(stage), " font-weight=\"bold\"");
        row(Some(base_node(number)), &base(stage), " font-style=\"italic\"");
        for (at, step) in stage.steps.iter().enumerate() {
            row(Some(step_node(number, step.id)), &label(at, step, &known), "");
        }
        y += ROW / 2;
        let height = y - top - ROW / 4;
        let _ = writeln!(
            body,
            "  <rect x=\"{}\" y=\"{}\" width=\"WIDTH\" height=\"{height}\" rx=\"6\" fill=\"none\" stroke=\"#888\"/>",
            MARGIN - CHARACTER,
            top + ROW / 4
        );
        y += ROW;
    }
    let width = (longest + 2) * CHARACTER;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{y}\" font-family=\"monospace\" font-size=\"13\">\n\
         \x20 <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#555\"/></marker></defs>\n\
         \x20 <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        MARGIN + width + CHARACTER
    );
    text.push_str(&body.replace("width=\"WIDTH\"", &format!("width=\"{width}\"")));
    for Arrow { from, to, between_stages } in arrows(graph) {
        let (Some(from), Some(to)) = (rows.get(&from), rows.get(&to)) else { continue };
        let start = MARGIN - CHARACTER;
        // The farther the two, the farther out, so that arrows do not lie on each other.
        let out = start.saturating_sub(12 + from.abs_diff(*to) / 4).max(CHARACTER);
        let style = if between_stages { " stroke-dasharray=\"4 3\"" } else { "" };
        let _ = writeln!(
            text,
            "  <path d=\"M{start},{from} C{out},{from} {out},{to} {start},{to}\" fill=\"none\" stroke=\"#555\"{style} \
             marker-end=\"url(#head)\"/>"
        );
    }
    text.push_str("</svg>\n");
    text
}

/// `text` as XML character data (XML 1.0, 2.2 and 2.4): a control character has no place there.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(escape(text), expected, "{text:?}");
    }

    #[test]
    fn text_stays_text() {
        check("a < b && c > \"d\"", "a &lt; b &amp;&amp; c &gt; \"d\"");
        check("é\u{1b}[1m\u{0}", "é [1m ");
    }

    #[test]
    fn every_step_and_arrow_is_drawn() {
        let text = "image \"a\" { stage \"b\" { from scratch; file \"/<x>\" \"\"; }; from scratch; copy \"/\" to=\"/\" stage=\"b\"; }";
        let world = crate::base::MemoryWorld::default();
        let (mut sources, mut diagnostics) = Default::default();
        let file = crate::compile::read("image.kdl", text, &mut sources, &mut diagnostics).expect(text);
        let images = crate::model::resolve(vec![file], &mut diagnostics);
        let graph = crate::lower::lower(&images[0], &world, Default::default(), &mut diagnostics).expect(text);
        let drawn = svg(&graph);
        assert_eq!(drawn.matches("<text ").count(), 6, "{drawn}");
        // From each base to its step, and between the stages.
        assert_eq!(drawn.matches("marker-end").count(), 3, "{drawn}");
        assert!(drawn.contains("/&lt;x&gt;") && !drawn.contains("<x>"), "{drawn}");
    }
}

//! One page that needs nothing else: no script, no network, readable on a phone.

use super::phrases::{cache, comings_and_goings, counted, headline, place, summaries, unchanged};
use crate::diff::{Cause, Difference, unified};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}\
h1{font-size:1.4rem}code,pre{font:14px/1.4 ui-monospace,monospace}\
pre{overflow-x:auto;padding:.5rem;border:1px solid #8884;border-radius:.3rem}\
details{border:1px solid #8884;border-radius:.4rem;margin:.6rem 0;padding:.4rem .8rem}\
summary{cursor:pointer}.risk{color:#c00;font-weight:700}.add{color:#080}.del{color:#c00}\
@media(prefers-color-scheme:dark){.risk,.del{color:#f77}.add{color:#7d7}}";

/// The page.
pub fn html(difference: &Difference) -> String {
    let title = format!("imgspec: {}", headline(difference));
    let mut body = format!("<h1>{}</h1>\n", escaped(&title));
    let [before, after] = [0, 1].map(|side| escaped(&difference.sides[side]));
    body.push_str(&format!("<p><code>{before}</code> → <code>{after}</code></p>\n"));
    let mut risks: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (image, finding) in difference.findings() {
        risks.entry(&finding.text).or_default().push(&image.name);
    }
    if !risks.is_empty() {
        body.push_str("<h2>Security</h2>\n<ul>\n");
        for (risk, mut images) in risks {
            images.dedup();
            let (risk, images) = (escaped(risk), escaped(&images.join(", ")));
            body.push_str(&format!("<li><span class=\"risk\">{risk}</span>: {images}</li>\n"));
        }
        body.push_str("</ul>\n");
    }
    difference.causes.iter().for_each(|cause| body.push_str(&of_cause(difference, cause)));
    let comings = comings_and_goings(difference);
    if !comings.is_empty() || !difference.failed.is_empty() {
        body.push_str("<ul>\n");
        for (sign, line, _) in comings {
            body.push_str(&format!("<li>{sign} {}</li>\n", escaped(&line)));
        }
        for (image, side) in &difference.failed {
            let (image, side) = (escaped(image), escaped(side));
            body.push_str(&format!("<li>{image} was not compared: it does not compile at {side}</li>\n"));
        }
        body.push_str("</ul>\n");
    }
    body.push_str(&format!("<p>{}</p>\n", escaped(&unchanged(difference))));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escaped(&title)
    )
}

fn of_cause(difference: &Difference, cause: &Cause) -> String {
    let count = counted(cause.images.len(), "image");
    let title = summaries(&cause.groups[0].changes).first().cloned().unwrap_or_default();
    let mut text = format!(
        "<details>\n<summary><code>{}</code> {} ({count})</summary>\n",
        escaped(&place(&cause.place)),
        escaped(&title)
    );
    for group in &cause.groups {
        let names: Vec<&str> = group.images.iter().map(|at| difference.images[*at].name.as_str()).collect();
        text.push_str(&format!("<p>{}</p>\n<ul>\n", escaped(&names.join(", "))));
        for one in summaries(&group.changes) {
            text.push_str(&format!("<li>{}</li>\n", escaped(&one)));
        }
        text.push_str("</ul>\n");
    }
    let first = &difference.images[cause.groups[0].images[0]];
    if let Some(kept) = cache(first) {
        text.push_str(&format!("<p>Cache of {}: {}</p>\n", escaped(&first.name), escaped(&kept)));
    }
    if let (Some(before), Some(after)) = (&first.before, &first.after) {
        text.push_str("<pre>");
        for line in unified(&before[0], &after[0], &first.output, &first.output).lines() {
            match line.as_bytes().first() {
                Some(b'+') => text.push_str(&format!("<span class=\"add\">{}</span>\n", escaped(line))),
                Some(b'-') => text.push_str(&format!("<span class=\"del\">{}</span>\n", escaped(line))),
                _ => text.push_str(&format!("{}\n", escaped(line))),
            }
        }
        text.push_str("</pre>\n");
    }
    text + "</details>\n"
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() && c != '\t' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

//! A comment of a review, as GitHub, GitLab, Gitea and Forgejo show it.

use super::phrases::{cache, comings_and_goings, counted, headline, place, summaries, unchanged};
use crate::diff::{Cause, Difference, Kind, unified};

/// The line by which a job finds the comment that it wrote before, to replace it.
pub const MARKER: &str = "<!-- imgspec diff -->";

/// The most characters of a comment: GitHub takes 65,536.
pub const MAX_CHARACTERS: usize = 60_000;

/// How many findings, images and lines of a Dockerfile are shown in one place.
const ROWS: usize = 50;
const NAMES: usize = 20;
const LINES: usize = 60;

/// The comment. Whole causes that reach the fewest images are left out where there is no room for all, and it says so.
pub fn markdown(difference: &Difference) -> String {
    let mut head = format!(
        "{MARKER}\n### imgspec: {}\n\n`{}` → `{}`\n",
        headline(difference),
        code(&difference.sides[0]),
        code(&difference.sides[1])
    );
    head.push_str(&security(difference));
    let mut foot = String::new();
    for (sign, line, image) in comings_and_goings(difference).into_iter().take(ROWS) {
        foot.push_str(&format!("- {sign} {}, `{}`\n", escaped(&line), code(&image.spec)));
    }
    let more = comings_and_goings(difference).len().saturating_sub(ROWS);
    if more > 0 {
        foot.push_str(&format!("- and {more} more that are new, gone or renamed\n"));
    }
    for (image, side) in difference.failed.iter().take(ROWS) {
        foot.push_str(&format!("- `{}` was not compared: it does not compile at `{}`\n", code(image), code(side)));
    }
    let more = difference.failed.len().saturating_sub(ROWS);
    if more > 0 {
        foot.push_str(&format!("- and {more} more that were not compared\n"));
    }
    foot.push_str(&format!("\n{}\n", escaped(&unchanged(difference))));
    // Room for the line that says what was left out.
    let room = MAX_CHARACTERS.saturating_sub(head.chars().count() + foot.chars().count() + 200);
    let mut body = String::new();
    let mut used = 0;
    let mut left_out = 0;
    for (number, cause) in difference.causes.iter().enumerate() {
        let whole = of_cause(difference, number + 1, cause, true);
        let short = of_cause(difference, number + 1, cause, false);
        let fitting = [whole, short]
            .into_iter()
            .map(|text| (text.chars().count(), text))
            .find(|(length, _)| used + length <= room);
        match fitting {
            Some((length, text)) if left_out == 0 => {
                used += length;
                body.push_str(&text);
            }
            _ => left_out += 1,
        }
    }
    if left_out > 0 {
        let which = if left_out == difference.causes.len() { "" } else { " that reach the fewest images" };
        let verb = if left_out == 1 { "is" } else { "are" };
        body.push_str(&format!("\n**{}{which} {verb} left out: a comment has at most {MAX_CHARACTERS} characters.** Run `imgspec diff` for all.\n", counted(left_out, "cause")));
    }
    format!("{head}\n{body}\n{foot}")
}

fn security(difference: &Difference) -> String {
    let mut rows: std::collections::BTreeMap<&str, Vec<&str>> = std::collections::BTreeMap::new();
    for (image, finding) in difference.findings() {
        rows.entry(&finding.text).or_default().push(&image.name);
    }
    if rows.is_empty() {
        return String::new();
    }
    let mut text = "\n| security | images |\n|---|---|\n".to_owned();
    for (finding, images) in rows.iter().take(ROWS) {
        text.push_str(&format!("| **{}** | {} |\n", cell(finding), cell(&named(images))));
    }
    if rows.len() > ROWS {
        text.push_str(&format!("| and {} more | |\n", rows.len() - ROWS));
    }
    text
}

fn of_cause(difference: &Difference, number: usize, cause: &Cause, whole: bool) -> String {
    let first = &difference.images[cause.groups[0].images[0]];
    let count = counted(cause.images.len(), "image");
    let told = summaries(&cause.groups[0].changes);
    let title = told.first().map(|one| format!(": {}", html(one))).unwrap_or_default();
    let more = if told.len() > 1 { format!(" and {} more", told.len() - 1) } else { String::new() };
    let mut text = format!(
        "<details><summary>{number}. <code>{}</code>{title}{more} ({count})</summary>\n\n",
        html(&place(&cause.place))
    );
    for (at, group) in cause.groups.iter().enumerate().take(if whole { ROWS } else { 1 }) {
        let images: Vec<&str> = group.images.iter().map(|at| difference.images[*at].name.as_str()).collect();
        if cause.images.len() > 1 {
            let word = if at == 0 { "In" } else { "Otherwise in" };
            text.push_str(&format!("{word} {}:\n\n", escaped(&named(&images))));
        }
        for one in summaries(&group.changes).iter().take(ROWS) {
            text.push_str(&format!("- {}\n", escaped(one)));
        }
        let more = group.changes.len().saturating_sub(ROWS);
        if more > 0 {
            text.push_str(&format!("- and {more} more\n"));
        }
        text.push('\n');
    }
    if let Some(kept) = cache(first) {
        text.push_str(&format!("Cache of `{}`: {}.\n\n", code(&first.name), escaped(&kept)));
    }
    if whole
        && first.kind == Kind::Changed
        && let (Some(before), Some(after)) = (&first.before, &first.after)
    {
        let lines = unified(&before[0], &after[0], &first.output, &first.output);
        let all = lines.lines().count();
        let shown: Vec<&str> = lines.lines().take(LINES).collect();
        let fence = fence(&lines);
        let more = if all > LINES { format!("\n… and {} more lines", all - LINES) } else { String::new() };
        text.push_str(&format!("{fence}diff\n{}{more}\n{fence}\n\n", shown.join("\n")));
    }
    text.push_str("</details>\n");
    text
}

fn named(images: &[&str]) -> String {
    let mut images: Vec<&str> = images.to_vec();
    images.dedup();
    let more = images.len().saturating_sub(NAMES);
    let names: Vec<String> = images.iter().take(NAMES).map(|name| (*name).to_owned()).collect();
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

/// Backticks that a text does not hold as many of in a row.
fn fence(text: &str) -> String {
    let mut longest = 2;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest + 1)
}

/// Text that is nothing but text in Markdown: no markup, no mention, no link to an issue.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // Behind it nobody is called, and no issue is meant.
            '@' | '#' => escaped.extend([c, '\u{2060}']),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

fn cell(text: &str) -> String {
    escaped(text)
}

/// Text between backticks, which cannot hold any.
fn code(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '`' { '?' } else { c }).collect()
}

fn html(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' | '#' | '*' | '_' | '`' | '~' => escaped.push_str(&format!("&#{};", u32::from(c))),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts() {
        assert_eq!(escaped("a|b *c* <d> `e` @f #1"), "a\\|b \\*c\\* &lt;d&gt; \\`e\\` @\u{2060}f #\u{2060}1");
        assert_eq!(html("</summary><b>"), "&lt;/summary&gt;&lt;b&gt;");
        assert_eq!(fence("a ```` b"), "`````");
    }
}

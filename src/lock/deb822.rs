//! Paragraphs of fields, as Debian's control files have them (deb822(5)).

/// A paragraph: its fields by name, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph<'a> {
    /// The line it starts in, from 1.
    pub line: usize,
    fields: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Paragraph<'a> {
    /// The lines of a field, the first without its name, all without blanks around them. Names have any case of letters;
    /// of a field that is said twice the first counts, as apt takes it.
    pub fn lines(&self, name: &str) -> &[&'a str] {
        self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map_or(&[], |(_, lines)| lines)
    }

    /// The first line of a field, empty without one.
    pub fn text(&self, name: &str) -> &'a str {
        self.lines(name).first().copied().unwrap_or_default()
    }

    /// The words of all lines of a field.
    pub fn words(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.lines(name).iter().flat_map(|line| line.split_ascii_whitespace())
    }

    /// Whether a field is there.
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(own, _)| own.eq_ignore_ascii_case(name))
    }

    /// What a field says of yes and no, as apt understands it (2.6, `strutl.cc`, `StringToBool`); nothing for other words.
    pub fn answer(&self, name: &str) -> Option<bool> {
        let text = self.text(name);
        let is = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        match text {
            _ if is(&["no", "false", "without", "off", "disable", "0"]) => Some(false),
            _ if is(&["yes", "true", "with", "on", "enable", "1"]) => Some(true),
            _ => None,
        }
    }
}

/// The paragraphs of `text`; the number of the first line that is none of a field, if there is one.
pub fn paragraphs(text: &str) -> Result<Vec<Paragraph<'_>>, usize> {
    let mut all = Vec::new();
    let mut open: Option<Paragraph> = None;
    for (at, line) in text.split('\n').enumerate() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            all.extend(open.take());
            continue;
        }
        if line.starts_with([' ', '\t']) {
            let field = open.as_mut().and_then(|open| open.fields.last_mut()).ok_or(at + 1)?;
            field.1.push(line.trim());
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(at + 1)?;
        if name.is_empty() || name.contains([' ', '\t']) {
            return Err(at + 1);
        }
        open.get_or_insert_with(|| Paragraph { line: at + 1, fields: Vec::new() })
            .fields
            .push((name, vec![value.trim()]));
    }
    all.extend(open);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let text = "# comment\n\nA: one\nb:\n two\n# comment\n .\n three four\n\n\n  \nC: Yes\nC: no\n";
        let all = paragraphs(text).expect("paragraphs");
        assert_eq!(all.iter().map(|paragraph| paragraph.line).collect::<Vec<_>>(), [3, 12]);
        assert_eq!((all[0].text("a"), all[0].lines("B")), ("one", ["", "two", ".", "three four"].as_slice()));
        assert_eq!(all[0].words("b").collect::<Vec<_>>(), ["two", ".", "three", "four"]);
        assert_eq!((all[1].answer("c"), all[0].answer("a"), all[0].answer("x")), (Some(true), None, None));
        assert_eq!((paragraphs(" x"), paragraphs("A: b\nc d\n"), paragraphs("A b: c")), (Err(1), Err(2), Err(1)));
    }
}

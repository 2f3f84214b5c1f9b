//! What a registry asks for before it answers: the header `WWW-Authenticate` (RFC 9110, 11.6.1).

/// One way to be let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// By name and password.
    Basic,
    /// By a token (distribution, *Token authentication*).
    Bearer {
        /// Who gives it out.
        realm: String,
        /// What for.
        service: Option<String>,
        /// To do what.
        scope: Option<String>,
    },
}

impl Challenge {
    /// The challenges of all `headers` that are known, in their order. What is not as the RFC has it ends its header.
    pub fn all<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<Self> {
        headers.flat_map(of_header).collect()
    }
}

/// A header holds challenges joined by commas; each is a scheme, and parameters that are joined by commas too.
fn of_header(header: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some((name, behind)) = token(rest) else { break };
        let behind_blank = behind.trim_start_matches([' ', '\t']);
        match behind_blank.strip_prefix('=') {
            Some(value) if !found.is_empty() => {
                let Some((value, behind)) = word(value.trim_start_matches([' ', '\t'])) else { break };
                if let Some((_, parameters)) = found.last_mut() {
                    parameters.push((name.to_ascii_lowercase(), value));
                }
                rest = behind;
            }
            Some(_) => break,
            None => {
                found.push((name.to_ascii_lowercase(), Vec::new()));
                rest = behind;
            }
        }
    }
    found.into_iter().filter_map(|(scheme, parameters)| challenge(&scheme, &parameters)).collect()
}

fn challenge(scheme: &str, parameters: &[(String, String)]) -> Option<Challenge> {
    let parameter = |name: &str| parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone());
    match scheme {
        "basic" => Some(Challenge::Basic),
        "bearer" => Some(Challenge::Bearer {
            realm: parameter("realm")?,
            service: parameter("service"),
            scope: parameter("scope"),
        }),
        _ => None,
    }
}

/// A token (RFC 9110, 5.6.2) at the start of `text`, and what is behind it.
fn token(text: &str) -> Option<(&str, &str)> {
    let is_in = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let end = text.find(|c| !is_in(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A token or a quoted string (RFC 9110, 5.6.4) at the start of `text`, and what is behind it.
fn word(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        // Realms have been seen without quotes.
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            c => value.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        let check = |header: &str, expected: &[Challenge]| {
            assert_eq!(Challenge::all([header].into_iter()), expected, "{header}");
        };
        let bearer = |realm: &str, service: Option<&str>, scope: Option<&str>| Challenge::Bearer {
            realm: realm.to_owned(),
            service: service.map(str::to_owned),
            scope: scope.map(str::to_owned),
        };
        let token = "https://auth.example/token";
        let whole = bearer(token, Some("registry.example"), Some("repository:a/b:pull,push"));
        let text =
            r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        check(text, std::slice::from_ref(&whole));
        check(&text.replace(',', " , ").replace("pull , push", "pull,push"), std::slice::from_ref(&whole));
        check(&format!("{text}, Basic realm=\"x\""), &[whole.clone(), Challenge::Basic]);
        check(&format!("Negotiate, {text}"), std::slice::from_ref(&whole));
        check("Basic", &[Challenge::Basic]);
        check("basic realm=\"a, Bearer realm=b\"", &[Challenge::Basic]);
        check(&format!("bearer REALM={token}"), &[bearer(token, None, None)]);
        check(r#"Bearer realm="a\"b""#, &[bearer("a\"b", None, None)]);
        for nothing in
            ["", "Bearer", "Bearer service=\"x\"", "Bearer realm=\"x", "=", "\"", "Digest realm=\"x\"", "realm=x"]
        {
            check(nothing, &[]);
        }
    }
}

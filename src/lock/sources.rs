//! Which archives an image asks: apt's `sources.list` and `*.sources` (sources.list(5), apt 2.6).

use super::deb822::{Paragraph, paragraphs};
use crate::base::Invalid;
use std::collections::BTreeMap;

/// A suite of an archive, as a file of an image lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The archive's address, with a `/` at its end.
    pub uri: String,
    /// The suite; with a `/` at its end it is the path of a flat repository.
    pub suite: String,
    /// The components; none of a flat repository.
    pub components: Vec<String>,
    /// The keys that may sign it.
    pub signed_by: SignedBy,
    /// The architectures it is asked for; empty for every one.
    pub architectures: Vec<String>,
}

/// The keys that may sign an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignedBy {
    /// All that apt trusts: those in `/etc/apt/trusted.gpg.d`.
    Trusted,
    /// Those in this file of the image.
    File(String),
    /// Of those that apt trusts the ones with these fingerprints.
    Fingerprints(Vec<String>),
    /// These, armoured.
    Keys(String),
}

impl Listed {
    /// The same for one architecture, as dpkg names it; nothing if it is not asked for that.
    pub fn of(&self, architecture: &str) -> Option<Self> {
        let is_asked = self.architectures.is_empty() || self.architectures.iter().any(|own| own == architecture);
        let said = |text: &str| text.replace("$(ARCH)", architecture);
        is_asked.then(|| Self { uri: said(&self.uri), suite: said(&self.suite), ..self.clone() })
    }
}

/// What apt asks with the files `files`, which are by their path in the image without the first `/`; in the order in which
/// it does.
///
/// # Errors
/// If a file cannot be read as apt reads it; with its path and line.
pub fn listed(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Listed>, Invalid> {
    let mut all = Vec::new();
    for (path, bytes) in files {
        let name = path.strip_prefix("etc/apt/sources.list.d/");
        let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        let read = match name {
            None if path == "etc/apt/sources.list" => one_line,
            Some(name) if is_name(name) && name.ends_with(".list") => one_line,
            Some(name) if is_name(name) && name.ends_with(".sources") => deb822,
            _ => continue,
        };
        let read = read(&String::from_utf8_lossy(bytes));
        all.extend(read.map_err(|(line, reason)| Invalid::new(format!("`/{path}`, line {line}: {reason}")))?);
    }
    Ok(all)
}

/// The keys that `signed_by` names, out of the files of an image: the bytes of each keyring, binary or armoured. Which of
/// them count, if `signed_by` names fingerprints, is for who reads them.
pub fn keyrings(signed_by: &SignedBy, files: &BTreeMap<String, Vec<u8>>) -> Vec<Vec<u8>> {
    match signed_by {
        SignedBy::Keys(keys) => vec![keys.clone().into_bytes()],
        SignedBy::File(path) => files.get(path.trim_start_matches('/')).into_iter().cloned().collect(),
        SignedBy::Trusted | SignedBy::Fingerprints(_) => {
            let is_trusted = |path: &str| {
                path == "etc/apt/trusted.gpg"
                    || path
                        .strip_prefix("etc/apt/trusted.gpg.d/")
                        .is_some_and(|name| !name.contains('/') && (name.ends_with(".gpg") || name.ends_with(".asc")))
            };
            files.iter().filter(|(path, _)| is_trusted(path)).map(|(_, bytes)| bytes.clone()).collect()
        }
    }
}

type Failed = (usize, String);

fn one_line(text: &str) -> Result<Vec<Listed>, Failed> {
    let mut all = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(line, _)| line).trim();
        let Some((kind, rest)) = line.split_once([' ', '\t']) else {
            if line.is_empty() {
                continue;
            }
            return Err((at + 1, format!("`{line}` names no archive")));
        };
        let fail = |reason: String| (at + 1, reason);
        match kind {
            "deb" => all.push(archive(rest.trim()).map_err(fail)?),
            "deb-src" => {}
            kind => return Err(fail(format!("`{kind}` is no type of archive"))),
        }
    }
    Ok(all)
}

/// What stands behind `deb`.
fn archive(text: &str) -> Result<Listed, String> {
    let (options, rest) = match text.strip_prefix('[') {
        Some(text) => text.split_once(']').ok_or("an option has no end")?,
        None => ("", text),
    };
    let mut words = rest.split_ascii_whitespace();
    let uri = words.next().ok_or("it names no archive")?;
    let suite = words.next().ok_or("it names no suite")?;
    let mut signed_by = SignedBy::Trusted;
    let mut architectures = Vec::new();
    for option in options.split_ascii_whitespace() {
        match option.split_once('=') {
            Some(("signed-by", value)) => signed_by = signers(value)?,
            Some(("arch", value)) => architectures = value.split(',').map(str::to_owned).collect(),
            Some(("arch+" | "arch-", _)) => return Err(format!("`{option}` is not understood")),
            // Languages, targets, and `trusted`: nothing is trusted without a signature.
            _ => {}
        }
    }
    source(uri, suite, words.map(str::to_owned).collect(), signed_by, architectures)
}

fn deb822(text: &str) -> Result<Vec<Listed>, Failed> {
    let mut all = Vec::new();
    let paragraphs = paragraphs(text).map_err(|line| (line, "it is no field".to_owned()))?;
    for paragraph in paragraphs.iter().filter(|paragraph| paragraph.answer("enabled") != Some(false)) {
        all.extend(stanza(paragraph).map_err(|reason| (paragraph.line, reason))?);
    }
    Ok(all)
}

fn stanza(stanza: &Paragraph) -> Result<Vec<Listed>, String> {
    for field in ["types", "uris", "suites"] {
        // apt takes `URI` and `Suite` too.
        if stanza.words(field).next().is_none() && stanza.words(field.trim_end_matches('s')).next().is_none() {
            return Err(format!("the field `{field}` is missing"));
        }
    }
    for field in ["architectures-add", "architectures-remove", "snapshot"] {
        if stanza.has(field) {
            return Err(format!("the field `{field}` is not understood"));
        }
    }
    if !stanza.words("types").chain(stanza.words("type")).any(|kind| kind == "deb") {
        return Ok(Vec::new());
    }
    let words = |name: &str| stanza.words(name).map(str::to_owned).collect::<Vec<_>>();
    let lines = stanza.lines("signed-by");
    let signed_by = match lines.iter().copied().find(|line| !line.is_empty()) {
        Some(first) if first.starts_with("-----BEGIN PGP") => {
            let lines = lines.iter().map(|line| if *line == "." { "" } else { line });
            SignedBy::Keys(lines.skip_while(|line| line.is_empty()).map(|line| format!("{line}\n")).collect())
        }
        Some(_) => signers(&lines.join(" "))?,
        None => SignedBy::Trusted,
    };
    let mut all = Vec::new();
    for uri in stanza.words("uris").chain(stanza.words("uri")) {
        for suite in stanza.words("suites").chain(stanza.words("suite")) {
            let components = words("components");
            all.push(source(uri, suite, components, signed_by.clone(), words("architectures"))?);
        }
    }
    Ok(all)
}

fn source(
    uri: &str,
    suite: &str,
    components: Vec<String>,
    signed_by: SignedBy,
    architectures: Vec<String>,
) -> Result<Listed, String> {
    if suite.ends_with('/') != components.is_empty() {
        return Err(match components.is_empty() {
            true => format!("the suite `{suite}` has no components"),
            false => format!("the suite `{suite}` is a path, and has components"),
        });
    }
    let slash = if uri.ends_with('/') { "" } else { "/" };
    Ok(Listed { uri: format!("{uri}{slash}"), suite: suite.to_owned(), components, signed_by, architectures })
}

/// What `Signed-By` names, apart from keys themselves.
fn signers(text: &str) -> Result<SignedBy, String> {
    let words: Vec<&str> = text.split([',', ' ', '\t']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [path] if path.starts_with('/') => Ok(SignedBy::File((*path).to_owned())),
        words if words.iter().all(|word| is_fingerprint(word)) && !words.is_empty() => {
            Ok(SignedBy::Fingerprints(words.iter().map(|word| word.to_ascii_uppercase()).collect()))
        }
        _ => Err(format!("`{text}` is neither one file of keys nor fingerprints")),
    }
}

/// A `!` at the end is for a subkey alone.
fn is_fingerprint(word: &str) -> bool {
    let digits = word.strip_suffix('!').unwrap_or(word);
    digits.len() >= 40 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file lists, a line each.
    fn check(path: &str, text: &str, expected: Result<&[&str], &str>) {
        let files = [(path.to_owned(), text.as_bytes().to_vec())].into();
        let shown = listed(&files).map_err(|error| error.to_string()).map(|all| {
            let shown = |one: &Listed| {
                let by = match &one.signed_by {
                    SignedBy::Trusted => String::new(),
                    other => format!(" {other:?}"),
                };
                let architectures = one.architectures.iter().map(|own| format!(" +{own}")).collect::<String>();
                format!("{} {} {}{by}{architectures}", one.uri, one.suite, one.components.join(","))
            };
            all.iter().map(shown).collect::<Vec<_>>()
        });
        assert_eq!(shown, expected.map(|all| all.iter().map(|&line| line.to_owned()).collect()).map_err(str::to_owned));
    }

    #[test]
    fn one_line_each() {
        let list = |text: &str, expected| check("etc/apt/sources.list", text, expected);
        list(
            "# comment\n\ndeb http://a.example/debian bookworm main contrib # more\ndeb-src http://a.example/ x main\n\
             deb [arch=amd64,arm64 signed-by=/k.gpg trusted=yes] http://b.example/ ./\n",
            Ok(&[
                "http://a.example/debian/ bookworm main,contrib",
                "http://b.example/ ./  File(\"/k.gpg\") +amd64 +arm64",
            ]),
        );
        list("deb http://a.example", Err("`/etc/apt/sources.list`, line 1: it names no suite"));
        list("\nrpm http://a.example x y", Err("`/etc/apt/sources.list`, line 2: `rpm` is no type of archive"));
        list("deb http://a.example x", Err("`/etc/apt/sources.list`, line 1: the suite `x` has no components"));
        list(
            "deb http://a.example x/ main",
            Err("`/etc/apt/sources.list`, line 1: the suite `x/` is a path, and has components"),
        );
        list(
            "deb [signed-by=/a,/b] http://a.example x main",
            Err("`/etc/apt/sources.list`, line 1: `/a,/b` is neither one file of keys nor fingerprints"),
        );
    }

    #[test]
    fn stanzas() {
        fn list(text: &str, expected: Result<&[&str], &str>) {
            check("etc/apt/sources.list.d/a.sources", text, expected);
        }
        list(
            "Types: deb deb-src\nURIs: http://a.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\
             Signed-By: /usr/share/keyrings/a.gpg\n\nEnabled: no\nTypes: deb\nURIs: x\nSuites: y\nComponents: z\n\n\
             Types: deb-src\nURIs: x\nSuites: y\n\nTypes: deb\nURIs: http://b.example/\nSuites: b/\nArchitectures: arm64\n",
            Ok(&[
                "http://a.example/debian/ bookworm main File(\"/usr/share/keyrings/a.gpg\")",
                "http://a.example/debian/ bookworm-updates main File(\"/usr/share/keyrings/a.gpg\")",
                "http://b.example/ b/  +arm64",
            ]),
        );
        list(
            "Types: deb\nURIs: http://a.example\nSuites: x\nComponents: y\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \
             .\n abc\n -----END PGP PUBLIC KEY BLOCK-----\n",
            Ok(&[
                "http://a.example/ x y Keys(\"-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\nabc\\n-----END PGP PUBLIC KEY \
                  BLOCK-----\\n\")",
            ]),
        );
        let fingerprint = "ab".repeat(20);
        let upper = fingerprint.to_uppercase();
        list(
            &format!("Types: deb\nURIs: http://a.example\nSuites: x\nComponents: y\nSigned-By: {fingerprint}!\n"),
            Ok(&[&format!("http://a.example/ x y Fingerprints([\"{upper}!\"])")]),
        );
        list(
            "Types: deb\nSuites: x\n",
            Err("`/etc/apt/sources.list.d/a.sources`, line 1: the field `uris` is missing"),
        );
        list("\nTypes\n", Err("`/etc/apt/sources.list.d/a.sources`, line 2: it is no field"));
    }

    #[test]
    fn files_and_architectures() {
        let file = |path: &str, uri: &str| (path.to_owned(), format!("deb {uri} $(ARCH)-x main\n").into_bytes());
        let files = BTreeMap::from([
            file("etc/apt/sources.list.d/b.list", "http://b.example"),
            file("etc/apt/sources.list.d/b.list.save", "http://c.example"),
            file("etc/apt/sources.list.d/b b.list", "http://d.example"),
            file("etc/apt/sources.list", "http://a.example/$(ARCH)"),
        ]);
        let all = listed(&files).expect("read");
        assert_eq!(
            all.iter().map(|one| one.uri.as_str()).collect::<Vec<_>>(),
            ["http://a.example/$(ARCH)/", "http://b.example/"]
        );
        let one = Listed { architectures: vec!["arm64".to_owned()], ..all[0].clone() };
        assert_eq!(one.of("amd64"), None);
        let arm = one.of("arm64").expect("asked for");
        assert_eq!((arm.uri.as_str(), arm.suite.as_str()), ("http://a.example/arm64/", "arm64-x"));
    }

    #[test]
    fn keys() {
        let paths = [
            "etc/apt/trusted.gpg.d/a.gpg",
            "etc/apt/trusted.gpg.d/a.asc",
            "etc/apt/trusted.gpg.d/a.gpg~",
            "usr/share/keyrings/b.gpg",
        ];
        let files = paths.iter().map(|&path| (path.to_owned(), path.as_bytes().to_vec())).collect();
        let check = |signed_by: SignedBy, expected: &[&str]| {
            let found = keyrings(&signed_by, &files);
            let mut found: Vec<_> = found.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect();
            found.sort();
            assert_eq!(found, expected, "{signed_by:?}");
        };
        check(SignedBy::Trusted, &[paths[1], paths[0]]);
        check(SignedBy::File("/usr/share/keyrings/b.gpg".to_owned()), &[paths[3]]);
        check(SignedBy::File("/missing".to_owned()), &[]);
        check(SignedBy::Keys("text".to_owned()), &["text"]);
    }
}

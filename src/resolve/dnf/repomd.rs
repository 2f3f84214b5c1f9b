//! What a repository consists of (`repomd.xml`).

use super::xml::{Flaw, Part, walk};
use crate::base::Sum;

/// What a repository says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repomd {
    /// Its list of packages.
    pub primary: File,
    /// When the newest of its files was made, in seconds since 1970 (UTC).
    pub dated: u64,
}

/// A file of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path below the repository's address.
    pub path: String,
    /// Its hash.
    pub sum: Sum,
    /// Its size in bytes, if it is said.
    pub size: Option<u64>,
    /// Its size in bytes when it is unpacked, if it is said.
    pub unpacked: Option<u64>,
}

#[derive(Default)]
struct Data {
    kind: String,
    hash: Option<Sum>,
    weak: Option<String>,
    path: Option<String>,
    size: Option<u64>,
    unpacked: Option<u64>,
}

/// What `text`, a `repomd.xml`, says.
pub fn read_repomd(text: &[u8]) -> Result<Repomd, Flaw> {
    let (mut data, mut dated) = (Data::default(), 0_u64);
    let mut primary = None;
    walk(text, |part| {
        match part {
            Part::Begins(names, attribute) => match path(names).as_slice() {
                ["repomd", "data"] => data = Data { kind: attribute("type").unwrap_or_default(), ..Data::default() },
                ["repomd", "data", "location"] => data.path = attribute("href"),
                ["repomd", "data", "checksum"] => data.weak = attribute("type").filter(|kind| kind != "sha256"),
                _ => {}
            },
            Part::Ends(names, text) => match path(names).as_slice() {
                ["repomd", "data", "checksum"] => data.hash = Sum::parse(text),
                ["repomd", "data", "size"] => data.size = text.parse().ok(),
                ["repomd", "data", "open-size"] => data.unpacked = text.parse().ok(),
                ["repomd", "data", "timestamp"] => {
                    let seconds = text.split('.').next().unwrap_or_default();
                    dated = dated.max(seconds.parse().unwrap_or_default());
                }
                ["repomd", "data"] if data.kind == "primary" => primary = Some(std::mem::take(&mut data)),
                _ => {}
            },
        }
        Ok(())
    })?;
    let data = primary.ok_or_else(|| Flaw("it names no list of packages".to_owned()))?;
    if let Some(kind) = data.weak {
        return Err(Flaw(format!("its list of packages is held to a hash of the kind `{kind}`, and not to a sha256")));
    }
    let sum = data.hash.ok_or_else(|| Flaw("its list of packages has no sha256".to_owned()))?;
    let path = data.path.ok_or_else(|| Flaw("its list of packages is nowhere".to_owned()))?;
    if path.starts_with('/') || path.contains([':', '?', '#', '\\']) || path.split('/').any(|part| part == "..") {
        return Err(Flaw(format!("its list of packages is at `{}`, outside of it", path.escape_debug())));
    }
    Ok(Repomd { primary: File { path, sum, size: data.size, unpacked: data.unpacked }, dated })
}

fn path(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repomd(kind: &str, hash: &str, href: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<repomd xmlns=\"a\" xmlns:rpm=\"b\"><revision>5</revision>\
             <data type=\"filelists\"><checksum type=\"sha256\">{0}</checksum><location href=\"no\"/>\
             <timestamp>1700000001.5</timestamp></data>\
             <data type=\"primary\"><checksum type=\"{kind}\">{hash}</checksum>\
             <open-checksum type=\"sha256\">{0}</open-checksum><location href=\"{href}\"/>\
             <timestamp>1700000000</timestamp><size>10</size><open-size>100</open-size></data></repomd>",
            Sum::of(b"other"),
        )
    }

    #[test]
    fn repositories() {
        let sum = Sum::of(b"primary");
        let hash = sum.to_string();
        let found = read_repomd(repomd("sha256", &hash, "repodata/a-primary.xml.gz").as_bytes()).expect("a repository");
        let primary = File { path: "repodata/a-primary.xml.gz".to_owned(), sum, size: Some(10), unpacked: Some(100) };
        assert_eq!(found, Repomd { primary, dated: 1_700_000_001 });
        let refuses = |text: &str, expected: &str| {
            assert_eq!(read_repomd(text.as_bytes()), Err(Flaw(expected.to_owned())));
        };
        refuses(
            &repomd("sha", &hash, "a"),
            "its list of packages is held to a hash of the kind `sha`, and not to a sha256",
        );
        refuses(&repomd("sha256", "12", "a"), "its list of packages has no sha256");
        for outside in ["../a", "/a", "https://evil.example/a", "a/../../b"] {
            let expected = format!("its list of packages is at `{outside}`, outside of it");
            refuses(&repomd("sha256", &hash, outside), &expected);
        }
        refuses("<repomd/>", "it names no list of packages");
        refuses("<repomd>", "it ends in the middle");
        refuses("<!DOCTYPE a [<!ENTITY b \"c\">]><repomd/>", "it has a document type");
        assert!(read_repomd(b"no XML <").is_err());
    }
}

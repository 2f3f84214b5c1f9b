//! The packages of a repository (`primary.xml`).

use super::version::Version;
use super::xml::{Flaw, Part, walk};
use std::collections::BTreeSet;
use std::io::BufRead;

/// A package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its architecture, or `noarch`.
    pub architecture: String,
    /// Its version.
    pub version: Version,
    /// The hash of its file, in hexadecimal digits, if that is a sha256.
    pub sha256: String,
    /// The size of its file, in bytes.
    pub size: u64,
}

/// More packages of the wanted names than a repository can have.
const MAX_PACKAGES: usize = 100_000;

/// The packages of `document` that are of `names`, in its order. It is read as it comes, and no more is kept of it.
pub fn read_primary(document: impl BufRead, names: &BTreeSet<String>) -> Result<Vec<Package>, Flaw> {
    let mut packages = Vec::new();
    let mut package = Package::default();
    let mut is_sha256 = false;
    walk(document, |part| {
        match part {
            Part::Begins([_, node], _) if node == "package" => package = Package::default(),
            Part::Begins([_, _, name], attribute) => match name.as_str() {
                "version" => {
                    let get = |name| attribute(name).unwrap_or_default();
                    package.version = Version {
                        epoch: attribute("epoch").and_then(|epoch| epoch.parse().ok()).unwrap_or_default(),
                        version: get("ver"),
                        release: get("rel"),
                    };
                }
                "checksum" => is_sha256 = attribute("type").as_deref() == Some("sha256"),
                "size" => package.size = attribute("package").and_then(|size| size.parse().ok()).unwrap_or_default(),
                _ => {}
            },
            Part::Ends([_, _, name], text) => match name.as_str() {
                "name" => text.clone_into(&mut package.name),
                "arch" => text.clone_into(&mut package.architecture),
                "checksum" if is_sha256 => text.clone_into(&mut package.sha256),
                _ => {}
            },
            Part::Ends([_, node], _) if node == "package" && names.contains(&package.name) => {
                let package = std::mem::take(&mut package);
                let words = [&package.version.version, &package.version.release, &package.architecture];
                if !words.into_iter().all(|word| is_word(word)) {
                    return Err(Flaw(format!("the package `{}` has no version or architecture", package.name)));
                }
                if packages.len() >= MAX_PACKAGES {
                    return Err(Flaw("more packages than a repository can have".to_owned()));
                }
                packages.push(package);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(packages)
}

/// What goes into a command line later.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._~^".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn primary(version: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"a\" xmlns:rpm=\"b\" packages=\"2\">\n\
             <package type=\"rpm\"><name>curl</name><arch>x86_64</arch>\
             <version epoch=\"1\" ver=\"{version}\" rel=\"2.fc41\"/>\
             <checksum type=\"sha256\" pkgid=\"YES\">abc</checksum><summary>A &lt;tool&gt; &amp; more</summary>\
             <size package=\"77\" installed=\"9\" archive=\"9\"/><location href=\"c.rpm\"/>\
             <format><rpm:provides><rpm:entry name=\"curl\" flags=\"EQ\" epoch=\"9\" ver=\"9\"/></rpm:provides>\
             <version ver=\"no\"/></format></package>\n\
             <package type=\"rpm\"><name>other</name><arch>noarch</arch><version epoch=\"0\" ver=\"1\" rel=\"1\"/></package>\
             </metadata>"
        )
    }

    #[test]
    fn packages() {
        let names = BTreeSet::from(["curl".to_owned()]);
        let expected = Package {
            name: "curl".to_owned(),
            architecture: "x86_64".to_owned(),
            version: Version { epoch: 1, version: "8.9.1".to_owned(), release: "2.fc41".to_owned() },
            sha256: "abc".to_owned(),
            size: 77,
        };
        assert_eq!(read_primary(primary("8.9.1").as_bytes(), &names), Ok(vec![expected]));
        assert_eq!(read_primary(primary("8.9.1").as_bytes(), &BTreeSet::new()), Ok(Vec::new()));
        let hostile = read_primary(primary("1;id").as_bytes(), &names);
        assert_eq!(hostile, Err(Flaw("the package `curl` has no version or architecture".to_owned())));
        let cut = primary("8.9.1");
        assert!(read_primary(&cut.as_bytes()[..cut.len() - 5], &names).is_err());
    }
}

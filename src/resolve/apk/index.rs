//! The packages of an index and of an installed system, which say them alike (apk-v2(5); apk-tools 2.14, package.c).

use super::dependency::{Dependency, Provide};
use crate::base::Platform;

/// A package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name (`P:`).
    pub name: String,
    /// Its version (`V:`).
    pub version: String,
    /// Its architecture (`A:`), or `noarch`.
    pub architecture: String,
    /// What tells it from every other package (`C:`): `Q1` and, in base64, the SHA-1 of its control data. apk holds what it
    /// downloads to it.
    pub checksum: String,
    /// The size of its file (`S:`), in bytes.
    pub size: u64,
    /// What it needs, and what must not be beside it (`D:`).
    pub depends: Vec<Dependency>,
    /// What it provides beside its name (`p:`).
    pub provides: Vec<Provide>,
    /// What it is installed beside, unasked (`i:`); nothing for most.
    pub install_if: Vec<Dependency>,
    /// Its weight among those that provide the same (`k:`).
    pub priority: u32,
    /// When it was built (`t:`), in seconds since 1970 (UTC).
    pub built: u64,
}

/// Why an index, or what says what is installed, cannot be read: a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Flaw(pub String);

/// apk's word for the architecture of `platform`, which is in the path of every index.
pub fn architecture(platform: &Platform) -> Option<&'static str> {
    Some(match platform.normal().as_str().strip_prefix("linux/")? {
        "386" => "x86",
        "arm/v6" => "armhf",
        "arm/v7" | "arm/v8" => "armv7",
        "arm64" => "aarch64",
        "loong64" => "loongarch64",
        "ppc64le" => "ppc64le",
        "riscv64" => "riscv64",
        "s390x" => "s390x",
        other if other.split('/').next() == Some("amd64") => "x86_64",
        other if other.split('/').next() == Some("arm64") => "aarch64",
        _ => return None,
    })
}

/// The packages of an `APKINDEX`, in its order.
pub fn read_index(text: &[u8]) -> Result<Vec<Package>, Flaw> {
    read(text, false)
}

/// The packages of an installed system, of its `lib/apk/db/installed`.
pub fn read_installed(text: &[u8]) -> Result<Vec<Package>, Flaw> {
    read(text, true)
}

/// More packages than any archive has.
const MAX_PACKAGES: usize = 1_000_000;

fn read(text: &[u8], installed: bool) -> Result<Vec<Package>, Flaw> {
    let mut packages = Vec::new();
    let mut current: Option<Package> = None;
    for (number, line) in text.split(|b| *b == b'\n').enumerate() {
        let flaw = |what: &str| Flaw(format!("line {}: {what}", number + 1));
        if line.is_empty() {
            packages.extend(finished(current.take(), &flaw)?);
            continue;
        }
        if packages.len() >= MAX_PACKAGES {
            return Err(flaw("more packages than an index can have"));
        }
        let [name, b':', value @ ..] = line else { return Err(flaw("it is no field")) };
        // An installed system's fields of files come in great numbers, and say nothing of packages.
        if installed && matches!(name, b'F' | b'R' | b'M' | b'Z' | b'a') {
            continue;
        }
        let Ok(value) = str::from_utf8(value) else {
            if matches!(name, b'P' | b'V' | b'A' | b'C' | b'D' | b'p' | b'i' | b'k' | b'S' | b't') {
                return Err(flaw("it is not UTF-8"));
            }
            continue;
        };
        field(current.get_or_insert_default(), *name, value).map_err(|what| flaw(&what))?;
    }
    packages.extend(finished(current, &|what| Flaw(format!("at its end: {what}")))?);
    Ok(packages)
}

fn finished(package: Option<Package>, flaw: &dyn Fn(&str) -> Flaw) -> Result<Option<Package>, Flaw> {
    match package {
        Some(package) if package.name.is_empty() || package.version.is_empty() || package.checksum.is_empty() => {
            Err(flaw("a package without a name, a version or a checksum"))
        }
        other => Ok(other),
    }
}

fn field(package: &mut Package, name: u8, value: &str) -> Result<(), String> {
    let number = || value.parse().map_err(|_| format!("`{value}` is no number"));
    let words = || value.split(' ').filter(|word| !word.is_empty());
    match name {
        b'P' => package.name = word(value)?,
        b'V' => package.version = word(value)?,
        b'A' => package.architecture = word(value)?,
        b'C' => package.checksum = word(value)?,
        b'S' => package.size = number()?,
        b't' => package.built = number()?,
        b'k' => package.priority = number()?.try_into().map_err(|_| format!("`{value}` is too great"))?,
        b'D' => package.depends = words().map(Dependency::parse).collect::<Result<_, _>>()?,
        b'i' => package.install_if = words().map(Dependency::parse).collect::<Result<_, _>>()?,
        b'p' => {
            let provide = |word| Provide::parse(word).ok_or_else(|| format!("`{word}` is nothing to provide"));
            package.provides = words().map(provide).collect::<Result<_, _>>()?;
        }
        // As apk does: what is in lower case can be left alone.
        b'T' | b'U' | b'L' | b'I' => {}
        name if name.is_ascii_uppercase() => {
            return Err(format!("`{}:` is a field that is not known", char::from(name)));
        }
        _ => {}
    }
    Ok(())
}

/// A name, version or checksum: what goes into a command line later.
fn word(value: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"+._-~/:=".contains(&b);
    if !value.is_empty() && value.bytes().all(plain) && !value.starts_with('-') {
        Ok(value.to_owned())
    } else {
        Err(format!("`{}` is no name or version", value.escape_debug()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages() {
        let text = b"C:Q1abc=\nP:busybox\nV:1.36.1-r29\nA:x86_64\nS:509600\nI:962560\nT:Size optimized\nU:https://a.example/\n\
            L:GPL-2.0-only\no:busybox\nm:Somebody <a@b.example>\nt:1718190000\nc:abcdef\nk:5\n\
            D:so:libc.musl-x86_64.so.1 !old<1\np:cmd:busybox=1.36.1-r29 /bin/sh\ni:x=1 y\n\nC:Q1b\nP:b\nV:1\n";
        let packages = read_index(text).expect("an index");
        assert_eq!(packages.len(), 2);
        let first = &packages[0];
        assert_eq!((first.name.as_str(), first.version.as_str(), first.priority), ("busybox", "1.36.1-r29", 5));
        assert_eq!((first.size, first.built, first.architecture.as_str()), (509_600, 1_718_190_000, "x86_64"));
        let texts = |of: &[Dependency]| of.iter().map(Dependency::text).collect::<Vec<_>>().join(" ");
        assert_eq!(texts(&first.depends), "so:libc.musl-x86_64.so.1 !old<1");
        assert_eq!(texts(&first.install_if), "x=1 y");
        assert_eq!(first.provides[1], Provide { name: "/bin/sh".into(), version: None });
        assert_eq!(packages[1].name, "b");
    }

    #[test]
    fn installed() {
        let text = b"C:Q1abc=\nP:a\nV:1-r0\nA:x86_64\nF:bin\nM:0:0:755\nR:a\na:0:0:755\nZ:Q1x=\nr:b\nq:1\n\n";
        assert_eq!(read_installed(text).expect("a database").len(), 1);
    }

    #[test]
    fn flaws() {
        let check = |text: &[u8], expected: &str| {
            assert_eq!(read_index(text).map_err(|flaw| flaw.0).expect_err(expected), expected);
        };
        check(b"P:a\nV:1\n\n", "line 3: a package without a name, a version or a checksum");
        check(b"C:Q1\nP:a;id\nV:1\n\n", "line 2: `a;id` is no name or version");
        check(b"C:Q1\nP:-a\nV:1\n\n", "line 2: `-a` is no name or version");
        check(b"hello\n", "line 1: it is no field");
        check(b"C:Q1\nP:a\nV:1\nX:1\n", "line 4: `X:` is a field that is not known");
        check(b"C:Q1\nP:a\nV:1\nS:x\n", "line 4: `x` is no number");
        check(b"C:Q1\nP:a\nV:1\nD:b@edge\n", "line 4: `b@edge` is of a tagged repository, and those are not followed");
        check(b"C:Q1\nP:\xff\nV:1\n", "line 2: it is not UTF-8");
        assert_eq!(read_index(b"").expect("nothing"), []);
    }

    #[test]
    fn architectures() {
        for (platform, expected) in [
            ("linux/amd64", Some("x86_64")),
            ("linux/amd64/v2", Some("x86_64")),
            ("linux/arm64", Some("aarch64")),
            ("linux/arm64/v8", Some("aarch64")),
            ("linux/arm/v7", Some("armv7")),
            ("linux/arm/v6", Some("armhf")),
            ("linux/386", Some("x86")),
            ("linux/s390x", Some("s390x")),
            ("linux/mips", None),
            ("windows/amd64", None),
        ] {
            assert_eq!(architecture(&Platform::parse(platform).expect("a platform")), expected, "{platform}");
        }
    }
}

//! Packages of apk and dnf, of repositories in memory.

use super::make;
use crate::base::{Digest, ImageRef, Instant, MemoryWorld, Platform, Sum};
use crate::diagnostic::{Diagnostics, Sources};
use crate::graph::{StepKind, pin};
use crate::lock::{
    ApkIndex, ApkRepository, BaseImage, Contents, DnfIndex, DnfPackage, DnfRepository, Lock, Locked, NotHad, Pins,
    PlatformImage, Release, Remote, Suite, print,
};
use crate::pinning::Update;
use std::collections::BTreeSet;

/// A base of apk and one of dnf, and their repositories, which have a state for each version of `git`.
struct Repositories {
    git: &'static str,
}

impl Repositories {
    fn state(&self) -> Sum {
        Sum::of(self.git.as_bytes())
    }

    fn held(&self, locked: Option<&Sum>) -> Result<(), NotHad> {
        if locked.is_some_and(|locked| *locked != self.state()) {
            return Err(NotHad { message: "it has moved on".to_owned(), moved: true });
        }
        Ok(())
    }
}

const CHECKSUM: &str = "Q1AAECAwQFBgcICQoLDA0ODxAREhM=";

impl Remote for Repositories {
    fn base(&self, image: &ImageRef) -> Result<BaseImage, NotHad> {
        let digest = Digest::of(Sum::of(image.to_string().as_bytes()));
        let image = PlatformImage { manifest: digest.clone() };
        let platforms = ["linux/amd64", "linux/arm64"].map(|text| (Platform::parse(text).expect(text), image.clone()));
        Ok(BaseImage { digest, platforms: platforms.into() })
    }

    fn contents(&self, image: &ImageRef, _: &BaseImage, _: &Platform) -> Result<Contents, NotHad> {
        let files: &[(&str, &str)] = if image.name() == "alpine" {
            &[
                ("etc/os-release", "ID=alpine\nVERSION_ID=3.20.3\n"),
                ("etc/apk/repositories", "https://apk.example/alpine/v3.20/main\n"),
                ("etc/apk/keys/k.rsa.pub", "a key"),
                ("etc/apk/world", "musl\n"),
                ("lib/apk/db/installed", "C:Q1ab=\nP:musl\nV:1.2-r0\n\n"),
            ]
        } else {
            &[
                ("etc/os-release", "ID=fedora\nVERSION_ID=41\n"),
                ("etc/yum.repos.d/fedora.repo", "[fedora]\nbaseurl=https://rpm.example/$releasever/$basearch\n"),
            ]
        };
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
        Ok(Contents { files, ..Contents::default() })
    }

    fn apk_index(&self, repository: &ApkRepository, locked: Option<&Sum>) -> Result<ApkIndex, NotHad> {
        self.held(locked)?;
        assert_eq!(repository.uri, "https://apk.example/alpine/v3.20/main");
        assert!(repository.keys.contains_key("k.rsa.pub"));
        let checksum = |last: &str| CHECKSUM.replace("EhM=", last);
        let text = format!(
            "C:{}\nP:git\nV:{}\nS:10\nt:1700000000\nD:musl pcre\n\nC:{}\nP:pcre\nV:10-r0\nS:20\n\nC:{}\nP:git-doc\nV:1-r0\n\
             S:1\ni:git docs\n\n",
            checksum("EhM="),
            self.git,
            checksum("EhQ="),
            checksum("EhU="),
        );
        Ok(ApkIndex { state: self.state(), text: text.into_bytes() })
    }

    fn dnf_index(
        &self,
        repository: &DnfRepository,
        names: &BTreeSet<String>,
        locked: Option<&Sum>,
    ) -> Result<DnfIndex, NotHad> {
        self.held(locked)?;
        assert!(names.contains("git"));
        let architecture = repository.address.strip_prefix("https://rpm.example/41/").expect("the variables' values");
        let package = |version: &str| DnfPackage {
            name: "git".to_owned(),
            architecture: architecture.to_owned(),
            version: version.to_owned(),
            release: "1.fc41".to_owned(),
            sha256: Sum::of(version.as_bytes()).to_string(),
            size: 30,
            ..DnfPackage::default()
        };
        let packages = vec![package("1.9"), package("1.10")];
        Ok(DnfIndex { state: self.state(), dated: Instant::from_seconds(1_700_000_000), packages })
    }

    fn release(&self, suite: &Suite, _: Option<&Sum>) -> Result<Release, NotHad> {
        Err(NotHad::new(&suite.uri))
    }

    fn packages(&self, suite: &Suite, _: &Release, _: &str, _: &str) -> Result<Vec<u8>, NotHad> {
        Err(NotHad::new(&suite.uri))
    }

    fn fetch(&self, url: &str) -> Result<Sum, NotHad> {
        Err(NotHad::new(url))
    }

    fn commit(&self, url: &str, _: &str) -> Result<String, NotHad> {
        Err(NotHad::new(url))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, NotHad> {
        Err(NotHad::new(path))
    }

    fn now(&self) -> Instant {
        Instant::default()
    }
}

/// The lines of a lock that begin with one of these words, without hashes.
fn lines(pins: &Pins, words: &[&str]) -> Vec<String> {
    let lock = Lock { pins: pins.clone(), ..Lock::default() };
    let text = print(&lock);
    let kept =
        text.lines().map(str::trim).filter(|line| words.iter().any(|word| line.starts_with(&format!("{word} "))));
    let plain = |line: &str| {
        let words: Vec<&str> = line.split(' ').filter(|word| !word.contains("sha256:")).collect();
        words.join(" ")
    };
    kept.map(plain).collect()
}

#[test]
fn closures_of_apk() {
    let spec = "image \"a\" { from \"alpine:3.20\"; apk \"git\"; }";
    let update = Update::Nothing;
    let first = make(spec, &Pins::default(), &update, &Repositories { git: "2.45-r0" }).expect("a lock").pins;
    assert_eq!(
        lines(&first, &["apk", "archive", "package"]),
        [
            "apk \"linux/amd64\" base=\"alpine:3.20\" asks=\"git\" archives=\"alpine/v3.20/main/x86_64\" \"git\" \"pcre\"",
            "archive \"alpine/v3.20/main/x86_64\" uri=\"https://apk.example/alpine/v3.20/main\" suite=\"x86_64\" \
             dated=\"2023-11-14T22:13:20Z\"",
            "package \"alpine/v3.20/main/x86_64\" \"x86_64\" \"git\" \"2.45-r0\" \
             control-sha1=\"000102030405060708090a0b0c0d0e0f10111213\" size=10",
            "package \"alpine/v3.20/main/x86_64\" \"x86_64\" \"pcre\" \"10-r0\" \
             control-sha1=\"000102030405060708090a0b0c0d0e0f10111214\" size=20",
        ]
    );
    // What fits stays, wherever the repository is by now.
    let moved = Repositories { git: "2.45-r1" };
    assert_eq!(make(spec, &first, &update, &moved).expect("a lock").pins, first);
    // More of a state that is gone cannot be had; the state that it has now can.
    let more = "image \"a\" { from \"alpine:3.20\"; apk \"git\" \"pcre\"; }";
    let told = "it has moved on; `imgspec lock --update alpine/v3.20/main/x86_64` takes the state that it has now";
    assert_eq!(make(more, &first, &update, &moved).expect_err("it moved"), [told]);
    let second = make(spec, &first, &Update::All, &moved).expect("a lock").pins;
    assert!(lines(&second, &["package"])[0].contains("2.45-r1"));
    let none = "image \"a\" { from \"alpine:3.20\"; apk \"gone\"; }";
    let told = make(none, &Pins::default(), &update, &moved).expect_err("it is not there");
    assert_eq!(told, ["no package is or provides `gone`"]);
}

#[test]
fn below_a_stage() {
    let spec =
        "image \"a\" { stage \"build\" { from \"alpine:3.20\"; apk \"git\"; }; from stage=\"build\"; apk \"pcre\"; }";
    let pins = make(spec, &Pins::default(), &Update::Nothing, &Repositories { git: "2-r0" }).expect("a lock").pins;
    let closures = lines(&pins, &["apk"]);
    assert!(
        closures.iter().any(|line| line.contains("below=\"git\" asks=\"pcre\"") && !line.ends_with("\"pcre\"")),
        "{closures:?}"
    );
}

#[test]
fn versions_of_dnf() {
    let spec = "image \"a\" { from \"fedora:41\"; platforms \"linux/amd64\" \"linux/arm64\"; dnf \"git\"; }";
    let pins = make(spec, &Pins::default(), &Update::Nothing, &Repositories { git: "1" }).expect("a lock").pins;
    assert_eq!(
        lines(&pins, &["dnf", "archive"]),
        [
            "archive \"fedora/fedora/aarch64\" uri=\"https://rpm.example/41/aarch64\" suite=\"aarch64\" \
             dated=\"2023-11-14T22:13:20Z\"",
            "archive \"fedora/fedora/x86_64\" uri=\"https://rpm.example/41/x86_64\" suite=\"x86_64\" \
             dated=\"2023-11-14T22:13:20Z\"",
            "dnf \"linux/amd64\" base=\"fedora:41\" asks=\"git\" archives=\"fedora/fedora/x86_64\" \"git\"",
            "dnf \"linux/arm64\" base=\"fedora:41\" asks=\"git\" archives=\"fedora/fedora/aarch64\" \"git\"",
        ]
    );
    assert!(
        lines(&pins, &["package"])[0]
            .starts_with("package \"fedora/fedora/aarch64\" \"aarch64\" \"git\" \"1.10-1.fc41\"")
    );
    let older = "image \"a\" { from \"fedora:41\"; dnf { package \"git\" version=\"1.9*\"; }; }";
    let pins = make(older, &Pins::default(), &Update::Nothing, &Repositories { git: "1" }).expect("a lock").pins;
    assert!(lines(&pins, &["package"])[0].contains("\"1.9-1.fc41\""));
}

#[test]
fn graphs_are_pinned() {
    let check = |spec: &str, git: &'static str, expected: &[&str]| {
        let pins = make(spec, &Pins::default(), &Update::Nothing, &Repositories { git }).expect("a lock").pins;
        let text = print(&Lock { pins, ..Lock::default() });
        let mut diagnostics = Diagnostics::new();
        let locked = Locked::read(text, &mut Sources::new(), &mut diagnostics).expect("it is read again");
        let mut graph = super::graphs(spec).remove(0);
        pin(&mut graph, &locked, &MemoryWorld::default(), &mut diagnostics).expect("pinned");
        let steps = graph.stages.iter().flat_map(|stage| &stage.steps);
        let pinned = steps.filter_map(|step| match &step.kind {
            StepKind::Packages(packages) => packages.pinned.clone(),
            _ => None,
        });
        let closures: Vec<_> =
            pinned.flat_map(|pinned| pinned.closures.values().cloned().collect::<Vec<_>>()).collect();
        let words: Vec<String> = closures
            .iter()
            .flat_map(|closure| closure.iter())
            .map(|package| format!("{}={}", package.name, package.version))
            .collect();
        assert_eq!(words, expected, "{spec}");
        assert!(diagnostics.is_empty() && graph.stale.is_empty());
    };
    check("image \"a\" { from \"alpine:3.20\"; apk \"git\"; }", "2.45-r0", &["git=2.45-r0", "pcre=10-r0"]);
    check("image \"a\" { from \"fedora:41\"; dnf \"git\"; }", "1", &["git=1.10-1.fc41"]);
}

//! Locks that are made anew, against machines in memory.

mod others;

use super::{How, Relocked, Update, Wish, relock};
use crate::base::{Digest, ImageRef, InTurn, Instant, MemoryWorld, Platform, Sum};
use crate::diagnostic::{Diagnostics, Sources};
use crate::graph::{Graph, requests};
use crate::lock::{
    ApkIndex, ApkRepository, BaseImage, Contents, DnfIndex, DnfRepository, Lock, Locked, NotHad, Pins, PlatformImage,
    Release, Remote, Suite, print,
};
use crate::{lower, model, syntax};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A package: its name, its version, and what it needs.
type Package = (&'static str, &'static str, &'static str);

/// Machines that answer out of maps.
#[derive(Default)]
struct InMemory {
    /// How often bases were rebuilt.
    builds: AtomicUsize,
    /// The packages of the suite `x`, each with what it needs, and its date.
    packages: Mutex<(Vec<Package>, u64)>,
    asked: Mutex<Vec<String>>,
}

impl InMemory {
    fn publish(&self, date: u64, packages: &[Package]) {
        *self.packages.lock().expect("whole") = (packages.to_vec(), date);
    }

    fn note(&self, what: impl Into<String>) {
        self.asked.lock().expect("whole").push(what.into());
    }

    /// What was asked since it was last asked for.
    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock().expect("whole"));
        asked.sort();
        asked
    }

    fn index(&self) -> String {
        let stanza = |(name, version, needs): &Package| {
            let depends = if needs.is_empty() { String::new() } else { format!("Depends: {needs}\n") };
            let hash = Sum::of(format!("{name} {version}").as_bytes());
            format!(
                "Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x\n{depends}Filename: pool/{name}.deb\n\
                 Size: 10\nSHA256: {hash}\n\n"
            )
        };
        self.packages.lock().expect("whole").0.iter().map(stanza).collect()
    }
}

impl Remote for InMemory {
    fn base(&self, image: &ImageRef) -> Result<BaseImage, NotHad> {
        self.note(format!("base {image}"));
        if image.name() == "gone" {
            return Err(NotHad::new(format!("`{image}` is not in its registry")));
        }
        let text = format!("{image} {}", self.builds.load(Ordering::SeqCst));
        let digest = Digest::of(Sum::of(text.as_bytes()));
        let platform = (Platform::usual(), PlatformImage { manifest: digest.clone() });
        Ok(BaseImage { digest, platforms: [platform].into() })
    }

    fn contents(&self, image: &ImageRef, _: &BaseImage, _: &Platform) -> Result<Contents, NotHad> {
        self.note(format!("contents {image}"));
        let files = [
            ("etc/os-release", "ID=debian\nVERSION_CODENAME=x\n"),
            ("etc/apt/sources.list", "deb http://archive.example x main\n"),
            (
                "var/lib/dpkg/status",
                "Package: libc6\nStatus: install ok installed\nVersion: 2\nArchitecture: amd64\n\n",
            ),
        ];
        let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
        Ok(Contents { files, ..Contents::default() })
    }

    fn release(&self, suite: &Suite, locked: Option<&Sum>) -> Result<Release, NotHad> {
        self.note(format!("{} {}", if locked.is_some() { "locked" } else { "live" }, suite.suite));
        let date = self.packages.lock().expect("whole").1;
        let state = Sum::of(self.index().as_bytes());
        if locked.is_some_and(|locked| *locked != state) {
            return Err(NotHad { message: "it has moved on".to_owned(), moved: true });
        }
        let date = Instant::from_seconds(date);
        let text = format!("Date: {}\nSHA256:\n", rfc822(date));
        Release::parse(&text, state).map_err(NotHad::new)
    }

    fn packages(&self, suite: &Suite, _: &Release, _: &str, architecture: &str) -> Result<Vec<u8>, NotHad> {
        self.note(format!("packages {} {architecture}", suite.suite));
        Ok(self.index().into_bytes())
    }

    fn apk_index(&self, repository: &ApkRepository, _: Option<&Sum>) -> Result<ApkIndex, NotHad> {
        Err(NotHad::new(&repository.uri))
    }

    fn dnf_index(&self, repository: &DnfRepository, _: &BTreeSet<String>, _: Option<&Sum>) -> Result<DnfIndex, NotHad> {
        Err(NotHad::new(&repository.address))
    }

    fn fetch(&self, url: &str) -> Result<Sum, NotHad> {
        self.note(format!("fetch {url}"));
        Ok(Sum::of(url.as_bytes()))
    }

    fn commit(&self, url: &str, reference: &str) -> Result<String, NotHad> {
        self.note(format!("commit {url} {reference}"));
        Ok("0123456789".repeat(4))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, NotHad> {
        Err(NotHad::new(path))
    }

    fn now(&self) -> Instant {
        Instant::default()
    }
}

fn rfc822(date: Instant) -> String {
    let text = date.to_string();
    format!("Thu, {} Jan 1970 {} UTC", &text[8..10], &text[11..19])
}

/// The images of a spec.
fn images(spec: &str) -> Vec<model::Image> {
    let text = format!("{spec}\nworkspace {{ output \"${{{{ image }}}}\"; }}");
    let mut diagnostics = Diagnostics::new();
    let file = Sources::new().add("imgspec.kdl", &text);
    let nodes = syntax::parse(file, &text, &mut diagnostics).unwrap_or_default();
    let file = model::SpecFile::decode("imgspec.kdl", nodes, &mut diagnostics);
    let images = model::resolve(vec![file], &mut diagnostics);
    assert!(diagnostics.is_empty(), "{:?}", diagnostics.into_sorted());
    images
}

fn graph(image: &model::Image) -> Graph {
    let world = MemoryWorld::default();
    lower::lower(image, &world, lower::Options::default(), &mut Diagnostics::new()).expect("lowered")
}

/// The graphs of a spec's images.
fn graphs(spec: &str) -> Vec<Graph> {
    images(spec).iter().map(graph).collect()
}

/// What the images of a spec ask for.
fn wishes(spec: &str) -> Vec<Wish> {
    let wish = |image: &model::Image| Wish { requests: requests(&graph(image)), pinning: image.pinning.clone() };
    images(spec).iter().map(wish).collect()
}

/// The lock that is made of `old`, or what is told.
fn make(spec: &str, old: &Pins, update: &Update, remote: &dyn Remote) -> Result<Relocked, Vec<String>> {
    let mut diagnostics = Diagnostics::new();
    let how = How { update, is_whole: true };
    relock(&wishes(spec), old, how, remote, &InTurn, &mut diagnostics).map_err(|_| {
        let told = diagnostics.into_sorted().into_iter();
        told.map(|told| std::iter::once(told.message).chain(told.hints).collect::<Vec<_>>().join("; ")).collect()
    })
}

fn lines(pins: &Pins) -> Vec<String> {
    let text = print(&Lock { pins: pins.clone(), images: BTreeMap::new() });
    text.lines().skip(1).map(|line| line.split(" digest=").next().unwrap_or(line).to_owned()).collect()
}

fn image(name: &str, body: &str) -> String {
    format!("image \"{name}\" {{ {body} }}\n")
}

#[test]
fn what_is_missing_and_what_is_kept() {
    let remote = InMemory::default();
    let spec = image("a", "from \"debian\"; fetch \"https://example.com/x\" to=\"/x\"")
        + &image("b", "from \"debian\"; git \"https://example.com/x.git\" to=\"/x\" ref=\"v1\"");
    let first = make(&spec, &Pins::default(), &Update::Nothing, &remote).expect("made");
    let all = ["base debian", "commit https://example.com/x.git v1", "fetch https://example.com/x"];
    assert_eq!(remote.asked(), all);
    let moved: Vec<String> = first.moved.iter().map(ToString::to_string).collect();
    assert_eq!(moved.len(), 3);
    assert!(moved[0].starts_with("+ debian ") && moved[0].ends_with(" (2 images)"), "{moved:?}");
    // Nobody is asked for what is there, and what nobody asks for is dropped.
    let again = make(&spec, &first.pins, &Update::Nothing, &remote).expect("made");
    assert_eq!((remote.asked(), again.pins == first.pins, again.moved), (vec![], true, vec![]));
    let fewer = make(&image("a", "from \"debian\""), &first.pins, &Update::Nothing, &remote).expect("made");
    assert_eq!(fewer.pins.fetches.len() + fewer.pins.commits.len(), 0);
    // What is named moves.
    remote.builds.store(1, Ordering::SeqCst);
    let named = Update::Named(["debian".to_owned()].into());
    let moved = make(&spec, &first.pins, &named, &remote).expect("made").moved;
    assert_eq!((remote.asked(), moved.len()), (vec!["base debian".to_owned()], 1));
    assert!(make(&spec, &first.pins, &Update::All, &remote).is_ok());
    assert_eq!(remote.asked(), all);
    let unknown = Update::Named(["x".to_owned()].into());
    assert!(make(&spec, &first.pins, &unknown, &remote).is_err_and(|told| told[0].contains("called `x`")));
}

#[test]
fn errors_come_once() {
    let spec = image("a", "from \"gone\"") + &image("b", "from \"gone\"");
    let told = make(&spec, &Pins::default(), &Update::Nothing, &InMemory::default()).map(|_| ());
    assert_eq!(told, Err(vec!["`gone` is not in its registry; 2 images ask for it".to_owned()]));
}

#[test]
fn closures() {
    let remote = InMemory::default();
    remote.publish(1, &[("curl", "1", "libcurl, libc6"), ("libcurl", "1", ""), ("jq", "1", ""), ("libc6", "2", "")]);
    let on = |packages: &str| format!("from \"debian:1\"; apt {packages}");
    let spec = image("a", &on("\"curl\"")) + &image("b", &on("\"curl\"")) + &image("c", &on("\"jq\""));
    let first = make(&spec, &Pins::default(), &Update::Nothing, &remote).expect("made");
    assert_eq!(remote.asked(), ["base debian:1", "contents debian:1", "live x", "packages x amd64"]);
    let closures = |pins: &Pins| {
        let of = |line: &String| {
            Some(
                line.strip_prefix("apt ")?
                    .split_once(" asks=")?
                    .1
                    .split(" archives=")
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            )
        };
        let parts = lines(pins).iter().filter_map(of).collect::<Vec<_>>();
        parts
            .iter()
            .map(|parts| format!("{} {}", parts[0], parts[1].split("\" ").skip(2).collect::<Vec<_>>().join("\" ")))
            .collect::<Vec<_>>()
    };
    assert_eq!(closures(&first.pins), ["\"curl\" \"curl\" \"libcurl\"", "\"jq\" \"jq\""]);
    // A package more: what is there stays, and the locked state is used.
    let more = spec.clone() + &image("d", &on("\"curl\" \"jq\""));
    let second = make(&more, &first.pins, &Update::Nothing, &remote).expect("made");
    assert_eq!(remote.asked(), ["contents debian:1", "locked x", "packages x amd64"]);
    assert!(lines(&first.pins).iter().all(|line| lines(&second.pins).contains(line)));
    // The archive moves with the package.
    remote.publish(2, &[("curl", "2", "libcurl, libc6"), ("libcurl", "1", ""), ("jq", "1", ""), ("libc6", "2", "")]);
    let named = Update::Named(["curl".to_owned()].into());
    let third = make(&spec, &second.pins, &named, &remote).expect("made");
    let moved: Vec<String> = third.moved.iter().map(ToString::to_string).collect();
    assert_eq!(moved, ["debian/x 1970-01-01T00:00:01Z -> 1970-01-01T00:00:02Z", "curl 1 -> 2 (2 images)"]);
    // A state that is gone.
    remote.publish(3, &[("curl", "3", "")]);
    let gone = make(&(spec + &image("e", &on("\"libcurl\""))), &third.pins, &Update::Nothing, &remote);
    let told = "it has moved on; `imgspec lock --update debian/x` takes the state that it has now";
    assert_eq!(gone.map(|_| ()), Err(vec![told.to_owned()]));
    let versions = on("{ package \"curl\" version=\"3*\"; package \"jq\" version=\">= 0\"; }");
    remote.publish(3, &[("curl", "3", ""), ("jq", "1", "")]);
    let made = make(&image("a", &versions), &Pins::default(), &Update::Nothing, &remote).expect("made");
    assert_eq!(closures(&made.pins), ["\"curl=3* jq>=0\" \"curl\" \"jq\""]);
    let refused = make(&image("a", &on("\"nothing\"")), &Pins::default(), &Update::Nothing, &remote);
    assert!(refused.is_err_and(|told| told[0].contains("no archive has a package `nothing`")));
}

#[test]
fn stages_below() {
    let remote = InMemory::default();
    remote.publish(1, &[("curl", "1", "libcurl"), ("libcurl", "1", ""), ("jq", "1", "libcurl")]);
    let spec = image("a", "stage \"base\" { from \"debian:1\"; apt \"curl\"; }; from stage=\"base\"; apt \"jq\"")
        + &image("b", "from image=\"a\"; apt \"libcurl\"");
    let made = make(&spec, &Pins::default(), &Update::Nothing, &remote).expect("made");
    let text = lines(&made.pins).join("\n");
    assert!(text.contains("below=\"curl\" asks=\"jq\" archives"), "{text}");
    assert!(text.contains("below=\"curl; jq\" asks=\"libcurl\" archives"), "{text}");
    let jq = lines(&made.pins).into_iter().find(|line| line.contains("asks=\"jq\"")).expect("one");
    assert!(jq.ends_with(" \"jq\""), "what it needs is there: {jq}");
    // What is made is what is read.
    let text = print(&Lock { pins: made.pins.clone(), images: BTreeMap::new() });
    let read = Locked::read(text, &mut Sources::new(), &mut Diagnostics::new()).expect("read");
    assert_eq!(*read.pins(), made.pins);
}

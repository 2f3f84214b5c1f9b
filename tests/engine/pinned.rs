//! What is installed is what is pinned, or nothing is.

use crate::bases::stand_in;
use crate::build::{Build, Image, compilation, context_of};
use crate::process::succeed;
use imgspec::base::Platform;
use imgspec::compile::Compiled;
use imgspec::diagnostic::Diagnostics;
use imgspec::dockerfile;
use imgspec::graph::{Base, PinnedArchive, PinnedPackage, PinnedPackages, Stage, StepKind};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Archive, DATE, Key, Package, Suite};

#[path = "../support/archive.rs"]
mod support;

/// What the archive's date would be, in seconds since 1970.
pub const DATED: u64 = 1_750_000_000;

#[test]
#[ignore = "needs docker"]
fn of_the_bases_own_archive() {
    let mut compiled = compilation(&context_of("cron-job"));
    pin(&mut compiled);
    let pinned = pinned_of(&compiled);
    assert!(pinned.iter().any(|package| package.auto), "nothing comes along");
    installs(&compiled, &context_of("cron-job"), &pinned);
}

#[test]
#[ignore = "needs docker"]
fn of_an_archive_of_the_steps_own() {
    let (key, archive, names) = (Key::new(), Archive::new(), Names::new());
    // Long expired, as the states are that a lock is for.
    let first = |suite: Suite| Suite { valid_until: Some(DATE + 60), ..suite };
    archive.publish(&key, &first(names.suite("1.0")));
    let server = archive.serve();
    let (directory, compiled) = names.compiled(&server.url("/debian"), &key.armored());
    let pinned = pinned_of(&compiled);
    let image = installs(&compiled, directory.path(), &pinned);
    let left = "find /etc/apt/sources.list.d /var/cache/apt /var/lib/apt/lists /tmp -type f ! -name lock; grep -rs 127.0.0.1 /etc/apt";
    assert_eq!(image.as_root(&format!("({left}) || true")), "");
    // Each as it was before and after, so that it is this that was refused.
    let fails = |why: &str| {
        let output = build_of(&compiled, directory.path()).attempt(&Image::unused("pinned"), &["--no-cache"]);
        assert!(!output.success, "it builds, and should not: {why}");
        assert!(output.stderr.contains(why), "another failure than {why}:\n{}", output.stderr);
    };
    archive.change("/InRelease", |bytes| *bytes = String::from_utf8_lossy(bytes).replace("Test", "Best").into_bytes());
    fails("BADSIG");
    archive.publish(&Key::new(), &names.suite("1.0"));
    fails("NO_PUBKEY");
    archive.publish(&key, &names.suite("1.0"));
    archive.remove("dists/stable/main/binary-amd64/Packages");
    archive.change("", |bytes| {
        if bytes.starts_with(b"\xfd7zXZ") {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
        }
    });
    fails("Hash Sum mismatch");
    archive.publish(&key, &names.suite("2.0"));
    fails("was not found");
}

/// A name for the packages of each test: the engine keeps what it downloaded under it for others.
struct Names {
    program: String,
    library: String,
}

impl Names {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self { program: format!("program-{number}"), library: format!("library-{number}") }
    }

    /// A program and the library that it needs, in that version.
    fn suite(&self, version: &str) -> Suite {
        let library = Package::new(&self.library, version).with_file(deb(&self.library, version, ""));
        let program = Package::new(&self.program, version).depends(&self.library);
        let program = program.with_file(deb(&self.program, version, &format!("Depends: {}\n", self.library)));
        Suite::new("stable", DATE).with(library).with(program)
    }

    /// A spec that asks for the program, pinned in version 1.0.
    fn compiled(&self, uri: &str, key: &str) -> (tempfile::TempDir, Compiled) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let spec = format!(
            r#"image "pinned" {{
    from "debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716"
    apt "{}"
    user "10001:10001"
    entrypoint "/bin/true"
}}
"#,
            self.program
        );
        fs::write(directory.path().join("image.kdl"), spec).expect("it can be written");
        let mut compiled = compilation(directory.path());
        let package = |name: &str, auto| PinnedPackage { name: name.to_owned(), version: "1.0".to_owned(), auto };
        let closure = vec![package(&self.library, true), package(&self.program, false)];
        let archive = PinnedArchive {
            uri: uri.to_owned(),
            suite: "stable".to_owned(),
            components: vec!["main".to_owned()],
            signed_by: Some(key.to_owned()),
        };
        let closures = BTreeMap::from([(Platform::parse("linux/amd64").expect("a platform"), Arc::new(closure))]);
        let pinned = Arc::new(PinnedPackages { closures, archives: vec![archive], dated: DATED });
        for step in &mut compiled.graph.stages[0].steps {
            if let StepKind::Packages(packages) = &mut step.kind {
                packages.pinned = Some(Arc::clone(&pinned));
            }
        }
        (directory, compiled)
    }
}

/// The file of a package that holds nothing but its own name.
fn deb(name: &str, version: &str, fields: &str) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let root = directory.path().join("root");
    fs::create_dir_all(root.join("DEBIAN")).expect("it can be made");
    fs::create_dir_all(root.join("usr/share").join(name)).expect("it can be made");
    let control = format!(
        "Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Nobody <n@example.com>\n{fields}\
         Description: a test\n"
    );
    fs::write(root.join("DEBIAN/control"), control).expect("it can be written");
    let file = directory.path().join("package.deb");
    succeed(Command::new("dpkg-deb").args(["--root-owner-group", "-Zgzip", "--build"]).arg(&root).arg(&file), 60);
    fs::read(file).expect("a package")
}

/// The image of `compiled`, which has what its base has and `pinned`, each marked as it is to be.
fn installs(compiled: &Compiled, context: &Path, pinned: &[PinnedPackage]) -> Image {
    let image = build_of(compiled, context).image("pinned", &["--no-cache"]);
    let lines = |marked: bool| {
        let chosen = pinned.iter().filter(|package| !marked || package.auto);
        let line = |p: &PinnedPackage| if marked { p.name.clone() } else { format!("{} {}", p.name, p.version) };
        let mut lines: Vec<String> = chosen.map(line).collect();
        lines.sort();
        lines
    };
    let mut found = image.as_root_and_not_in_base("dpkg-query -W -f '${Package} ${Version}\\n'");
    found.sort();
    assert_eq!(found, lines(false));
    let mut found = image.as_root_and_not_in_base("apt-mark showauto");
    found.sort();
    assert_eq!(found, lines(true));
    image
}

/// The Dockerfile of `compiled` with what was pinned since.
pub fn build_of(compiled: &Compiled, context: &Path) -> Build {
    let file = dockerfile::lower(&compiled.graph, &mut Diagnostics::new()).expect("it can be said");
    Build::new(&dockerfile::print(&file).text, &compiled.dockerignore, context.to_owned())
}

/// What is pinned for the final stage.
fn pinned_of(compiled: &Compiled) -> Vec<PinnedPackage> {
    let steps = compiled.graph.stages.last().into_iter().flat_map(|stage| &stage.steps);
    let closures = steps.filter_map(|step| match &step.kind {
        StepKind::Packages(packages) => packages.pinned.as_ref()?.closures.values().next().cloned(),
        _ => None,
    });
    closures.flat_map(|closure| closure.to_vec()).collect()
}

/// Pins the packages of each stage as apt itself would choose them there.
pub fn pin(compiled: &mut Compiled) {
    for stage in &mut compiled.graph.stages {
        let Some(base) = registry_base(stage) else { continue };
        for step in &mut stage.steps {
            let StepKind::Packages(packages) = &mut step.kind else { continue };
            let asked = |name: &str| packages.packages.iter().any(|package| package.name.value == name);
            let names = packages.packages.iter().map(|package| match &package.version {
                Some(version) => format!("'{}={}'", package.name.value, version.value),
                None => package.name.value.clone(),
            });
            let simulation = format!(
                "apt-get update >/dev/null && apt-get install -s --no-install-recommends {}",
                names.collect::<Vec<_>>().join(" ")
            );
            let mut command = Command::new("docker");
            command.args(["run", "--rm", "--network=host", &base, "sh", "-c", &simulation]);
            let told = succeed(&mut command, 300);
            let closure = told.lines().filter_map(|line| installed(line)).map(|(name, version)| PinnedPackage {
                auto: !asked(name),
                name: name.to_owned(),
                version: version.to_owned(),
            });
            let closures =
                BTreeMap::from([(Platform::parse("linux/amd64").expect("a platform"), Arc::new(closure.collect()))]);
            packages.pinned = Some(Arc::new(PinnedPackages { closures, archives: Vec::new(), dated: DATED }));
        }
    }
}

/// Name and version of a line such as `Inst git [1:2.39.2] (1:2.39.5 Debian:12.9/stable [amd64])`.
fn installed(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("Inst ")?;
    let version = rest.split_once(" (")?.1.split(' ').next()?;
    Some((rest.split(' ').next()?, version))
}

/// The image of a registry that a stage starts from, as this machine has it.
fn registry_base(stage: &Stage) -> Option<String> {
    match &stage.base.value {
        Base::Registry(image) => Some(stand_in(&image.to_string()).unwrap_or_else(|| image.to_string())),
        _ => None,
    }
}

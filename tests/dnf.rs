//! The versions that are chosen for dnf against those that dnf itself would take, from repositories made here.

use imgspec::resolve::dnf::{choose, read_primary, read_repomd};
use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

/// Versions and releases of one package each, and what dnf is asked for beside the package itself.
const SETS: &[(&[&str], &[&str])] = &[
    (&["1.9-1", "1.10-1"], &["1.9", "1.*", "1.10-1"]),
    (&["1.0~rc1-1", "1.0-1", "1.0^git1-1", "1.0.1-1"], &["1.0~rc1", "1.0*", "1.0^*"]),
    (&["0:9-1", "1:0.5-1", "1:0.5-2"], &["9", "0.5", "1:0.5-1", "1:*"]),
    (&["2.0-1.el9", "2.0-1.el10", "2.0-1.el9_4"], &["2.0", "2.0-*.el9"]),
    (&["1.0a-1", "1.0-1", "1.0b-1", "1.0_2-1"], &["1.0*"]),
    (&["20240101-1", "6.5-1", "6.05-2", "6.5p1-1"], &["6.*"]),
    (&["1.001-1", "1.1-2", "1.1.0-1"], &["1.1*"]),
];

fn run(command: &mut Command) -> String {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn build(directory: &Path, name: &str, version: &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (version, release) = rest.split_once('-').expect("a release");
    let spec = format!(
        "Name: {name}\nEpoch: {epoch}\nVersion: {version}\nRelease: {release}\nSummary: x\nLicense: x\nBuildArch: noarch\n\
         %description\nx\n%files\n"
    );
    let path = directory.join("x.spec");
    fs::write(&path, spec).expect("written");
    let top = format!("_topdir {}", directory.join("build").display());
    let rpms = format!("_rpmdir {}", directory.join("repository").display());
    run(Command::new("rpmbuild").args(["-bb", "--define", &top, "--define", &rpms]).arg(&path));
}

#[test]
#[ignore = "needs dnf"]
fn versions() {
    let directory = tempfile::tempdir().expect("a directory");
    let repository = directory.path().join("repository");
    fs::create_dir(&repository).expect("made");
    for (number, (versions, _)) in SETS.iter().enumerate() {
        for version in *versions {
            build(directory.path(), &format!("p{number}"), version);
        }
    }
    run(Command::new("createrepo_c").arg("--compatibility").arg(&repository));
    let repomd = read_repomd(&fs::read(repository.join("repodata/repomd.xml")).expect("there")).expect("a repository");
    let names: BTreeSet<String> = (0..SETS.len()).map(|number| format!("p{number}")).collect();
    let bytes = fs::read(repository.join(&repomd.primary.path)).expect("there");
    let packages =
        read_primary(BufReader::new(flate2::read::GzDecoder::new(bytes.as_slice())), &names).expect("packages");
    let repositories = [packages];
    let path = format!("test,file://{}", repository.display());
    let cache = format!("cachedir={}", directory.path().join("cache").display());
    for (number, (_, wanted)) in SETS.iter().enumerate() {
        let name = format!("p{number}");
        for wanted in std::iter::once(None).chain(wanted.iter().copied().map(Some)) {
            let chosen = choose(&repositories, "x86_64", &name, wanted).expect("a version");
            let asked = wanted.map_or_else(|| name.clone(), |wanted| format!("{name}-{wanted}"));
            let format = "%{epoch}:%{version}-%{release}";
            let told = run(Command::new("dnf")
                .args(["--quiet", "--setopt", &cache, "--repofrompath", &path, "--repo", "test"])
                .args(["repoquery", "--latest-limit=1", "--qf", format, &asked]));
            let version = chosen.version;
            let found = format!("{}:{}-{}", version.epoch, version.version, version.release);
            assert_eq!(found, told.trim(), "{asked}");
        }
    }
}

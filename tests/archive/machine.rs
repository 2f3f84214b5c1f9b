//! The archives that this machine's own apt is configured for.

use imgspec::host::Content;
use imgspec::host::archive::{Archives, Source, Wanted};
use imgspec::host::http::Client;
use imgspec::lock::{Listed, SignedBy, keyrings, listed};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// The files of `directory` whose names end as keys and lists of sources do, as an image would have them.
fn files() -> BTreeMap<String, Vec<u8>> {
    let directories = ["etc/apt", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d", "usr/share/keyrings"];
    let entries = directories.iter().flat_map(|directory| fs::read_dir(Path::new("/").join(directory)).ok());
    let paths = entries.flatten().map(|entry| entry.expect("read").path()).filter(|path| path.is_file());
    let named = |path: &Path| path.strip_prefix("/").expect("below").to_str().expect("text").to_owned();
    paths.map(|path| (named(&path), fs::read(&path).expect("read"))).collect()
}

fn architecture() -> String {
    let output = Command::new("dpkg").arg("--print-architecture").output().expect("dpkg");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Names and versions of an index, and of packages that apt has of one archive.
fn versions(text: &str) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::new();
    let mut name = "";
    for line in text.lines() {
        if let Some(own) = line.strip_prefix("Package: ") {
            name = own;
        } else if let Some(version) = line.strip_prefix("Version: ") {
            all.insert((name.to_owned(), version.to_owned()));
        }
    }
    all
}

/// What apt itself has of a component, as `apt-get indextargets` finds it.
fn of_apt(listed: &Listed, component: &str, architecture: &str) -> Option<String> {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(FILENAME)", "Created-By: Packages"])
        .args([format!("Repo-URI: {}", listed.uri), format!("Release: {}", listed.suite)])
        .args([format!("Component: {component}"), format!("Architecture: {architecture}")])
        .output()
        .expect("apt-get");
    let file = String::from_utf8(output.stdout).expect("text").trim().to_owned();
    // apt finds it packed as well.
    let output = Command::new("/usr/lib/apt/apt-helper").args(["cat-file", &file]).output().expect("apt-helper");
    (!file.is_empty() && output.status.success()).then(|| String::from_utf8(output.stdout).expect("text"))
}

#[test]
#[ignore = "needs an apt archive"]
fn as_apt_has_it() {
    let (files, architecture) = (files(), architecture());
    let directory = tempfile::tempdir().expect("a directory");
    let archives = Archives::new(Client::new(), Some(Content::below(directory.path())));
    let all = listed(&files).expect("sources");
    let mut compared = 0;
    for listed in all.iter().filter_map(|listed| listed.of(&architecture)) {
        let only = match &listed.signed_by {
            SignedBy::Fingerprints(only) => only.clone(),
            _ => Vec::new(),
        };
        let keyrings = keyrings(&listed.signed_by, &files);
        let source = Source { uri: listed.uri.clone(), suite: listed.suite.clone(), keyrings, only };
        let release = match archives.live(&source) {
            Ok(release) => release,
            Err(error) => {
                println!("{error}");
                continue;
            }
        };
        println!("{} of {}, {} files", source.url(), release.date, release.files.len());
        for component in &listed.components {
            let wanted = Wanted { source: &source, release: &release, component, architecture: &architecture };
            let started = std::time::Instant::now();
            let text = String::from_utf8(archives.packages(&wanted).expect("packages")).expect("text");
            let fetched = started.elapsed();
            let started = std::time::Instant::now();
            archives.packages(&wanted).expect("packages");
            let own = versions(&text);
            println!("  {component}: {} packages, {fetched:?}, then {:?}", own.len(), started.elapsed());
            let Some(theirs) = of_apt(&listed, component, &architecture) else { continue };
            // What apt has may be of another day.
            if theirs.len() == text.len() {
                assert_eq!(theirs, text);
                compared += 1;
            } else {
                let theirs = versions(&theirs);
                let same = own.intersection(&theirs).count();
                assert!(same * 10 >= theirs.len() * 9, "{same} of {} are the same", theirs.len());
            }
        }
        let again = archives.locked(&source, &release.inrelease).expect("kept");
        assert_eq!(again, release);
    }
    assert!(compared > 0, "nothing could be compared");
}

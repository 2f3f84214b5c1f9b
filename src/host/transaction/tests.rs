use super::*;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

fn change<'a>(path: &'a str, from: Option<&'a str>, to: Option<&'a str>) -> Change<'a> {
    let bytes = |text: Option<&'a str>| text.map(|text| Cow::Borrowed(text.as_bytes()));
    Change { path: Cow::Borrowed(path), from: bytes(from), to: bytes(to) }
}

/// A workspace with `a/out` = "old" and a manifest "before".
fn workspace() -> (tempfile::TempDir, Disk) {
    let root = tempfile::tempdir().expect("a directory");
    fs::create_dir_all(root.path().join("a")).expect("made");
    fs::create_dir_all(root.path().join("b")).expect("made");
    fs::write(root.path().join("a/out"), "old").expect("written");
    fs::write(root.path().join(MANIFEST), "before").expect("written");
    let disk = Disk::open(root.path()).expect("opened");
    (root, disk)
}

/// Every file below `root` and what it holds.
fn files(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).expect("listed").map(|entry| entry.expect("read").path()) {
        if entry.is_dir() {
            let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
            found.extend(files(&entry).into_iter().map(|(path, text)| (format!("{name}/{path}"), text)));
        } else {
            let name = entry.file_name().expect("a name").to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&entry).unwrap_or_default()));
        }
    }
    found.sort();
    found
}

fn owned(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn all() {
    let (root, disk) = workspace();
    fs::set_permissions(root.path().join("a/out"), fs::Permissions::from_mode(0o640)).expect("set");
    let changes = [change("a/out", Some("old"), Some("new")), change("b/out", None, Some("born"))];
    let manifest = change(MANIFEST, Some("before"), Some("after"));
    commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect("written");
    assert_eq!(files(root.path()), owned(&[("a/out", "new"), ("b/out", "born"), (MANIFEST, "after")]));
    let mode = fs::metadata(root.path().join("a/out")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let changes = [change("a/out", Some("new"), None), change("b/out", Some("born"), None)];
    let manifest = change(MANIFEST, Some("after"), None);
    commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect("written");
    assert_eq!(files(root.path()), []);
}

#[test]
fn many() {
    let (root, disk) = workspace();
    let names: Vec<String> = (0..100).map(|n| format!("b/{n}")).collect();
    let changes: Vec<Change<'_>> = names.iter().map(|name| change(name, None, Some("x"))).collect();
    let manifest = change(MANIFEST, Some("before"), Some("after"));
    commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect("written");
    assert_eq!(files(root.path()).len(), 102);
}

#[test]
fn or_nothing() {
    let check = |path: &str, prepare: &dyn Fn(&Path), message: &str| {
        let (root, disk) = workspace();
        prepare(root.path());
        let before = files(root.path());
        let changes = [change("a/out", Some("old"), Some("new")), change(path, None, Some("born"))];
        let manifest = change(MANIFEST, Some("before"), Some("after"));
        let error =
            commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect_err("refused");
        assert_eq!((error.to_string(), error.changed), (message.to_owned(), vec![]));
        assert_eq!(files(root.path()), before, "{message}");
    };
    check(
        "b/out",
        &|root| fs::create_dir(root.join("b/out")).expect("made"),
        "`b/out` cannot be written: it is a directory",
    );
    check(
        "b/out",
        &|root| symlink("../a/out", root.join("b/out")).expect("linked"),
        "`b/out` cannot be written: it is a symbolic link",
    );
    check(
        "c/out",
        &|root| symlink("b", root.join("c")).expect("linked"),
        "`c/out` cannot be written: `c` is a symbolic link",
    );
    check(
        "d/out",
        &|root| fs::write(root.join("d"), "").expect("written"),
        "`d/out` cannot be written: `d` is no directory",
    );
    check(
        "d/e/out",
        &|root| symlink("nowhere", root.join("d")).expect("linked"),
        "`d/e/out` cannot be written: `d` is a symbolic link",
    );
    check("a/out/x", &|_| {}, "`a/out/x` cannot be written: `a/out` is no directory");
}

#[test]
fn missing_directories_are_made() {
    let (root, disk) = workspace();
    let names: Vec<String> = (0..40).map(|n| format!("out/{}/{n}/deep/Dockerfile", n % 3)).collect();
    let changes: Vec<Change<'_>> = names.iter().map(|name| change(name, None, Some("born"))).collect();
    let manifest = change(MANIFEST, Some("before"), Some("after"));
    commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect("written");
    assert_eq!(files(root.path()).len(), 42);
}

#[test]
fn directories_it_made_are_taken_back() {
    let check = |changes: &[Change<'_>]| {
        let (root, disk) = workspace();
        let manifest = change(MANIFEST, Some("before"), Some("after"));
        commit(&disk, changes, Some(Ownership { both: "both", manifest: &manifest })).expect_err("refused");
        assert_eq!(files(root.path()), owned(&[("a/out", "old"), (MANIFEST, "before")]));
        let mut left: Vec<_> =
            fs::read_dir(root.path()).expect("listed").map(|entry| entry.expect("read").file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "b", MANIFEST]);
        assert_eq!(fs::read_dir(root.path().join("b")).expect("listed").count(), 0);
    };
    let new = |path| change(path, None, Some("born"));
    // Nothing was put in its place yet.
    check(&[new("b/c/d/out"), new("c/out"), new("a/out/x")]);
    check(&[new("c/d/out"), new("c/d/out/x")]);
    // Something was.
    check(&[new("b/c/d/out"), new("c/out"), new("b/gone"), change("b/gone", Some("born"), Some("y"))]);
}

#[test]
fn what_was_done_is_undone() {
    let (root, disk) = workspace();
    // A rename that must fail, though every check before it holds: the second change has the place of the first.
    let changes = [
        change("a/out", Some("old"), Some("new")),
        change("b/gone", None, Some("x")),
        change("b/gone", Some("x"), Some("y")),
    ];
    let manifest = change(MANIFEST, Some("before"), Some("after"));
    let error = commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect_err("refused");
    assert_eq!(error.changed, Vec::<String>::new());
    assert_eq!(files(root.path()), owned(&[("a/out", "old"), (MANIFEST, "before")]));
}

#[test]
fn receipts() {
    let (root, disk) = workspace();
    let names: Vec<String> = (0..300).map(|n| format!("b/{n}")).collect();
    let changes: Vec<Change<'_>> = names.iter().map(|name| change(name, None, Some("born"))).collect();
    let manifest = change(MANIFEST, Some("before"), Some("after"));
    let written = commit(&disk, &changes, Some(Ownership { both: "both", manifest: &manifest })).expect("written");
    let edited = root.path().join(&names[7]);
    let modified = edited.metadata().and_then(|metadata| metadata.modified()).expect("known");
    std::thread::sleep(std::time::Duration::from_millis(60));
    println!("{} of 300 vouched for", written.signatures().count());
    fs::write(&edited, "torn").expect("written");
    // Whoever sets the time back is seen all the same.
    fs::File::open(&edited).and_then(|file| file.set_modified(modified)).expect("set");
    fs::remove_file(root.path().join(&names[8])).expect("removed");
    for (at, signature) in written.signatures() {
        let is_as_written = disk.signature(&names[at]) == Ok(Some(signature));
        assert_eq!(is_as_written, ![7, 8].contains(&at), "{at}");
    }
}

#[test]
fn remains_are_swept() {
    let (root, disk) = workspace();
    let mut manifest = Manifest::default();
    manifest.add("a/out", crate::base::Sum::of(b""), "a");
    for (path, text) in [(".imgspec.manifest.imgspec-new", manifest.print()), ("a/.out.imgspec-new", "half".to_owned())]
    {
        fs::write(root.path().join(path), text).expect("written");
    }
    sweep(&disk);
    assert_eq!(files(root.path()), owned(&[("a/out", "old"), (MANIFEST, "before")]));
}

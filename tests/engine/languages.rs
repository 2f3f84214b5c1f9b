//! Projects of languages, installed and built for real. The packages come from wherever the machine's package managers
//! are told to take them.

use crate::build::{Image, copy_of, golden};
use crate::images;

/// Nothing of the package managers' caches is left, nor a manifest that was only mounted.
fn holds_no_caches(image: &Image) {
    let places = "/root/.npm /root/.cache /root/.local /root/.yarn /var/cache/npm /var/cache/uv /var/cache/pnpm /var/cache/yarn \
                  /usr/local/share/.cache /tmp";
    let script = format!("find {places} -type f 2>/dev/null || true");
    let leftovers = image.as_root_and_not_in_base(&script);
    assert!(leftovers.is_empty(), "{} holds what only its build needed: {leftovers:#?}", image.tag);
}

#[test]
#[ignore = "needs docker"]
fn npm() {
    let image = golden("npm").image("npm", &[]);
    holds_no_caches(&image);
    let found = image.as_root("cd /app && ls -A . packages/clock && ls node_modules");
    let project = ".:\ndist\nnode_modules\npackage.json\npackages\n\npackages/clock:\npackage.json\nsrc\n";
    assert!(found.starts_with(project) && found.contains("pretty-ms") && !found.contains("\nesbuild\n"), "{found}");
    let container = image.start(&[]);
    let answer =
        container.eventually(&["node", "-e", "fetch('http://127.0.0.1:3000').then(r => r.text()).then(console.log)"]);
    assert!(answer.contains("and an hour is 3600000 ms."), "{answer}");
}

/// What the program of a case says to a name.
fn greets(case: &str) -> Image {
    let image = golden(case).image(case, &[]);
    holds_no_caches(&image);
    assert_eq!(String::from_utf8_lossy(&image.output(&["Ann"])).lines().last(), Some("Good day, Ann!"), "{case}");
    image
}

#[test]
#[ignore = "needs docker"]
fn cargo() {
    greets("cargo");
}

#[test]
#[ignore = "needs docker"]
fn maven() {
    greets("maven");
}

#[test]
#[ignore = "needs docker"]
fn gradle() {
    greets("gradle");
}

#[test]
#[ignore = "needs docker"]
fn bundler() {
    let image = greets("bundler");
    assert_eq!(image.as_root("ls -A /app"), ".bundle\nGemfile\nGemfile.lock\ngems\nlib\nvendor\n");
}

#[test]
#[ignore = "needs docker"]
fn composer() {
    let image = greets("composer");
    assert_eq!(image.as_root("ls -A /app"), "packages\nsrc\nvendor\n");
}

/// A source that is older than what was built of the one before it, as in another checkout, is built all the same.
#[test]
#[ignore = "needs docker"]
fn cargo_sees_sources_that_are_older() {
    let context = copy_of("cargo");
    let build = golden("cargo").within(context.path());
    build.image("cargo-older", &[]);
    let path = context.path().join("crates/greet/src/lib.rs");
    let text = std::fs::read_to_string(&path).expect("a source").replace("Good day", "Good evening");
    std::fs::write(&path, text).expect("it can be written");
    let file = std::fs::File::options().write(true).open(&path).expect("it is there");
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).expect("a time");
    let image = build.image("cargo-older", &[]);
    assert_eq!(String::from_utf8_lossy(&image.output(&["Ann"])), "Good evening, Ann!\n");
}

#[test]
#[ignore = "needs docker"]
fn uv() {
    let image = golden("uv").image("uv", &[]);
    holds_no_caches(&image);
    assert_eq!(image.output(&[]), b"True False\n");
    // Nothing of the sources is needed, nor byte code there.
    assert_eq!(image.as_root("ls -A /app; find /app -name '*.pyc'"), ".venv\n");
}

#[test]
#[ignore = "needs docker"]
fn poetry() {
    let image = golden("poetry").image("poetry", &[]);
    holds_no_caches(&image);
    assert_eq!(image.output(&[]), b"True False\n");
    assert_eq!(image.as_root("stat -c %u /app /app/.venv /app/src"), "10001\n10001\n10001\n");
    // The making of the environment compiles what starts it.
    assert_eq!(image.as_root("find /app -name '*.pyc' ! -name '_virtualenv.*'"), "");
}

/// A workspace of Node.js that was built tells the time.
fn answers(case: &str) {
    let image = golden(case).image(case, &[]);
    holds_no_caches(&image);
    let ask = "fetch('http://127.0.0.1:3000').then(r => r.text()).then(console.log)";
    let answer = image.start(&[]).eventually(&["node", "-e", ask]);
    assert!(answer.contains("and an hour is 3600000 ms."), "{answer}");
}

#[test]
#[ignore = "needs docker"]
fn pnpm() {
    answers("pnpm");
}

#[test]
#[ignore = "needs docker"]
fn yarn() {
    answers("yarn");
}

#[test]
#[ignore = "needs docker"]
fn later_yarns() {
    answers("yarn-4");
}

/// The Dockerfiles for the builder that Docker had before, which newer ones build as well.
#[test]
#[ignore = "needs docker"]
fn classic() {
    for case in ["languages-classic/npm", "languages-classic/go"] {
        images::says_what_it_is_built_of(&golden(case).image(case, &[]));
    }
}

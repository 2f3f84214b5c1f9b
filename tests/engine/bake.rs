//! A workspace built by its bake file: one command, called in the workspace's root.

use crate::bases::mapped;
use crate::build::{Image, copy_of};
use crate::process::{Output, run, succeed};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The tags of the case.
const TAGS: &[&str] = &["cart:1.2", "cart:latest", "billing:1.2", "web:1.2", "tools:1.2"];

/// What bake does in the workspace `root` when it is called with `arguments`.
pub fn bake(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("docker");
    command.args(["buildx", "bake", "--allow=network.host"]).args(arguments).current_dir(root);
    run(&mut command, 900)
}

/// A copy of the case, compiled, with its bake file at `path`, and its tags in a repository of the test's own, which is
/// given too.
fn workspace(path: &str, name: &str) -> (tempfile::TempDir, String) {
    let copy = copy_of("bake");
    let image = Image::unused(name);
    let repository = image.tag.replace(':', "-");
    let root = copy.path();
    for file in ["imgspec.kdl", "cart/image.kdl", "billing/image.kdl", "web/image.kdl", "tools/image.kdl"] {
        let text = fs::read_to_string(root.join(file)).expect("a file of the case");
        let text = text.replace("registry.example/shop", &repository).replace("docker-bake.json", path);
        fs::write(root.join(file), text).expect("it can be written");
    }
    fs::create_dir_all(root.join(path).parent().expect("a directory")).expect("it is made");
    succeed(Command::new(env!("CARGO_BIN_EXE_imgspec")).arg("compile").current_dir(root), 60);
    (copy, repository)
}

/// What this engine needs beside the bake file: its network for commands, and stand-ins for bases that its registry
/// lacks. Bake reads a file of this name by itself.
pub fn write_override(root: &Path, bake_file: &Value) {
    let mut targets = serde_json::Map::new();
    for (name, target) in bake_file["target"].as_object().expect("targets") {
        let context = Path::new(target["context"].as_str().expect("a context"));
        let dockerfile = root.join(context).join(target["dockerfile"].as_str().expect("a path"));
        let text = fs::read_to_string(&dockerfile).unwrap_or_else(|error| panic!("{}: {error}", dockerfile.display()));
        let contexts: serde_json::Map<String, Value> =
            mapped(&text).into_iter().map(|(from, to)| (from, json!(format!("docker-image://{to}")))).collect();
        targets.insert(name.clone(), json!({"network": "host", "contexts": contexts}));
    }
    let text = json!({"target": targets}).to_string();
    fs::write(root.join("docker-bake.override.json"), text).expect("it can be written");
}

/// The bake file at `path`.
pub fn read(root: &Path, path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root.join(path)).expect("a bake file")).expect("it is JSON")
}

/// The steps of a build by number, as its progress names them, with the targets they are shown for.
fn steps(progress: &str, instruction: &str) -> BTreeSet<String> {
    let shown = progress.lines().filter(|line| line.starts_with('#') && line.contains(instruction));
    shown.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
}

#[test]
#[ignore = "needs docker"]
fn one_command_builds_a_workspace_and_its_base_once() {
    let (copy, repository) = workspace("docker-bake.json", "bake");
    let root = copy.path();
    write_override(root, &read(root, "docker-bake.json"));
    let image = |tag: &str| Image { tag: format!("{repository}/{tag}"), base: None };
    let images: Vec<Image> = TAGS.iter().map(|tag| image(tag)).collect();
    // Nothing from the cache, so that what is executed once is executed for all.
    let built = bake(root, &["--no-cache", "--progress=plain"]);
    assert!(built.success, "{}", built.stderr);
    for (instruction, count) in [("cat /proc/sys/kernel/random/uuid", 1), ("useradd", 1), ("COPY static", 1)] {
        assert_eq!(steps(&built.stderr, instruction).len(), count, "{instruction}\n{}", built.stderr);
    }
    let text = |image: &Image| String::from_utf8(image.output(&[])).expect("UTF-8");
    let (cart, billing) = (text(&images[0]), text(&images[2]));
    let (cart, id) = cart.split_once('\n').expect("two lines");
    let (currency, other_id) = billing.split_once('\n').expect("two lines");
    assert_eq!((cart, currency), ("a cart", "€ ${and} $ %{cents}"));
    assert_eq!((id.len(), id), (37, other_id), "both stand on one build of the base");
    assert_eq!(text(&images[1]), text(&images[0]));
    assert_eq!(text(&images[3]), "<h1>The shop</h1>\n");
    assert_eq!(text(&images[4]), "a cart\n");
    let labels = &images[0].config()["Labels"];
    assert_eq!(labels["com.example.shop.note"], "costs ${x}, 5 %{off}, \"today\" $${only} \\");
    assert_eq!(labels["org.opencontainers.image.source"], "https://example.com/shop");
}

#[test]
#[ignore = "needs docker"]
fn a_group_a_file_elsewhere_and_another_value_of_an_argument() {
    let (copy, repository) = workspace("build/shop.json", "bake-group");
    let root = copy.path();
    write_override(root, &read(root, "build/shop.json"));
    let files = ["--file=build/shop.json", "--file=docker-bake.override.json"];
    let arguments = [&files[..], &["backend", "--set=billing.args.CURRENCY=¥ $x"]].concat();
    let printed = bake(root, &[&arguments[..], &["--print"]].concat());
    let printed: Value = serde_json::from_str(&printed.text()).unwrap_or_else(|_| panic!("{}", printed.stderr));
    let targets: Vec<&String> = printed["target"].as_object().expect("targets").keys().collect();
    assert_eq!(targets, ["base", "billing", "cart"]);
    let billing = Image { tag: format!("{repository}/billing:1.2"), base: None };
    let _cart =
        TAGS[..2].iter().map(|tag| Image { tag: format!("{repository}/{tag}"), base: None }).collect::<Vec<_>>();
    let built = bake(root, &arguments);
    assert!(built.success, "{}", built.stderr);
    assert!(String::from_utf8_lossy(&billing.output(&[])).starts_with("¥ $x\n"));
}

/// An image on a base that another user runs does its own steps as root, and runs as its own user, or as the base's.
#[test]
#[ignore = "needs docker"]
fn a_base_that_is_not_root() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path();
    let repository = Image::unused("base-user").tag.replace(':', "-");
    let from = "debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716";
    let report = "cmd \"sh\" \"-c\" \"id -u; id -g; pwd; stat -c %u /usr/local/made\"";
    let text = format!(
        "workspace {{ output \"${{{{ image }}}}.Dockerfile\"; bake \"docker-bake.json\"; }}
         defaults {{ tags \"{repository}/${{{{ image }}}}:1\"; }}
         image \"base\" {{ from \"{from}\"; workdir \"/srv\"; user \"65534:65534\"; cmd \"id\"; }}
         image \"own\" {{
             from image=\"base\"
             user \"app\" uid=10001
             apt {{ package \"curl\" version=\"7.88.*\"; }}
             run \"curl --version > /usr/local/made\"
             {report}
         }}
         image \"inherits\" {{
             from image=\"base\"
             run \"touch /usr/local/made\"
             {report}
         }}
         image \"above\" {{
             from image=\"own\"
             run \"touch /root/made\" \"chown app /usr/local/made\"
             {report}
         }}"
    );
    fs::write(root.join("imgspec.kdl"), text).expect("it can be written");
    succeed(Command::new(env!("CARGO_BIN_EXE_imgspec")).arg("compile").current_dir(root), 60);
    write_override(root, &read(root, "docker-bake.json"));
    let image = |name: &str| Image { tag: format!("{repository}/{name}:1"), base: None };
    let [own, inherits, above, _base] = ["own", "inherits", "above", "base"].map(image);
    let built = bake(root, &["--progress=plain"]);
    assert!(built.success, "{}", built.stderr);
    let said = |image: &Image| String::from_utf8(image.output(&[])).expect("UTF-8");
    assert_eq!(said(&own), "10001\n10001\n/srv\n0\n");
    assert_eq!(said(&inherits), "65534\n65534\n/srv\n0\n");
    assert_eq!(said(&above), "10001\n10001\n/srv\n10001\n");
}

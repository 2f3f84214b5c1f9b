//! The shop: images made by rules, templates and a matrix, built by its bake file and run.

use crate::bake::{bake, read, write_override};
use crate::build::{Image, copy_of};
use crate::process::succeed;
use std::fs;
use std::process::Command;

/// The images that are built: in each language, of each way to be said, and what the storefront is made of.
const BUILT: &[&str] = &["catalog", "billing", "worker-exports-py311", "gateway", "notify", "storefront"];

#[test]
#[ignore = "needs docker"]
fn services_of_each_language_answer() {
    let copy = copy_of("shop");
    let root = copy.path();
    let repository = Image::unused("shop").tag.replace(':', "-");
    let own = fs::read_to_string(root.join("imgspec.kdl")).expect("the workspace's file");
    fs::write(root.join("imgspec.kdl"), own.replace("registry.example/shop", &repository)).expect("it can be written");
    succeed(Command::new(env!("CARGO_BIN_EXE_imgspec")).arg("compile").current_dir(root), 60);
    write_override(root, &read(root, "docker-bake.json"));
    let image = |name: &str| Image { tag: format!("{repository}/{name}:1.4"), base: None };
    let images: Vec<Image> = BUILT.iter().map(|name| image(name)).collect();
    // What bake builds for those, though nobody named it.
    let _base = [image("base"), image("help")];
    let built = bake(root, &[&["--progress=plain"], BUILT].concat());
    assert!(built.success, "{}", built.stderr);
    let [catalog, billing, worker, gateway, notify, storefront] = &images[..] else { panic!("six images") };

    check_service(catalog, 8080, "shoebill", "120 EUR");
    check_service(billing, 8080, "7", "Invoice 7\nTotal: 0 EUR");
    check_service(gateway, 8443, "cart/ann", "http://cart:8080");
    check_service(notify, 3000, "ann", "a letter to ann is sent");

    assert_eq!(String::from_utf8_lossy(&worker.output(&[])), "exports by 16 from jobs, Python 3.11\n");
    assert_eq!(worker.as_root("ls /usr/bin | grep -xE 'curl|psql|zip'"), "psql\nzip\n");
    let config = worker.config();
    assert_eq!((&config["ExposedPorts"], &config["Healthcheck"]), (&serde_json::Value::Null, &serde_json::Value::Null));
    assert_eq!(gateway.as_root("cat /etc/shop/shop.conf"), "currency = EUR\nlocale = en_IE\n");
    assert_eq!(catalog.as_root("ls /app/catalog"), "__init__.py\n__main__.py\n");

    let container = storefront.start(&[]);
    let page = |path: &str| {
        let request = format!("GET /{path} HTTP/1.0\\r\\n\\r\\n");
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/8080; printf '{request}' >&3; cat <&3");
        container.eventually(&["bash", "-c", &script])
    };
    for (path, part) in
        [("", "<title>The shop</title>"), ("help/", "<title>Help</title>"), ("winter.draft.html", " 404 ")]
    {
        let page = page(path);
        assert!(page.contains(part), "{page}");
    }
}

/// A service says that it is well, runs as the user of all services, and answers.
fn check_service(image: &Image, port: u16, path: &str, answer: &str) {
    let container = image.start(&[]);
    container.becomes_healthy();
    assert_eq!(container.exec(&["curl", "-fsS", &format!("http://127.0.0.1:{port}/{path}")]), answer);
    assert_eq!(container.exec(&["id", "-un"]), "app");
}

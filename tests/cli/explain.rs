//! `imgspec explain`, of images that are put together from several bodies.

use crate::workspace::{BASE, Workspace};

/// A workspace in which a service draws from all that there is.
fn shop() -> Workspace {
    let workspace = Workspace::new([
        (
            "imgspec.kdl",
            "workspace {\n    members \"templates.kdl\" \"*/image.kdl\"\n    output \"out/${{ image }}.docker\"\n}\n\
             defaults {\n    env TZ=\"UTC\" LANG=\"C.UTF-8\"\n    workdir \"/\"\n    stopsignal \"SIGINT\"\n}\n",
        ),
        (
            "cart/image.kdl",
            "image \"cart\" extends=\"service\" {\n    set port=8081\n    env TZ=\"CET\"\n    (remove)expose 9000\n    \
             (unset)stopsignal\n    when port=8081 {\n        label \"low\" \"no\"\n    }\n}\n",
        ),
        ("out/README", "Made by imgspec.\n"),
        ("web/image.kdl", "image \"web\" extends=\"service\"\n"),
        (
            "worker/image.kdl",
            "image \"worker-${{ queue }}\" extends=\"service\" {\n    matrix {\n        queue \"mail\" \"bills\" \
             \"old\"\n    }\n}\n",
        ),
    ]);
    workspace.write(
        "templates.kdl",
        &format!(
            "template \"base\" abstract=#true {{\n    from \"{BASE}\"\n    user \"app\" uid=10001\n    workdir \"/app\"\n}}\n\
             template \"service\" extends=\"base\" {{\n    param \"port\" type=\"port\" default=8080\n    \
             use \"zone\"\n    expose \"${{{{ port }}}}\" 9000\n    cmd \"serve\" \"--port=${{{{ port }}}}\"\n}}\n\
             mixin \"zone\" {{\n    env TZ=\"Europe/Berlin\"\n}}\n"
        ),
    );
    workspace
}

#[test]
fn an_image_with_all_it_draws_from() {
    let expected = format!(
        "cart, from cart/image.kdl
put together from these, each over those above it
    `defaults`          imgspec.kdl:5
    template `base`     templates.kdl:1, extended at templates.kdl:6
    mixin `zone`        templates.kdl:12, used at templates.kdl:8
    template `service`  templates.kdl:6, extended at cart/image.kdl:1
    image `cart`        cart/image.kdl:1

out/cart.docker:3  FROM {BASE}
    templates.kdl:2  from \"{BASE}\"  (template `base`, extended at templates.kdl:6)
"
    );
    let ran = shop().run("explain cart").ends(0).says("");
    assert!(ran.out.starts_with(&expected), "{}", ran.out);
    for part in [
        "    templates.kdl:4  workdir \"/app\"  (template `base`, extended at templates.kdl:6)
        overrides `workdir` of `defaults` at imgspec.kdl:7
",
        "    imgspec.kdl:6  env TZ=\"UTC\" LANG=\"C.UTF-8\"  (`defaults`)
    cart/image.kdl:3  env TZ=\"CET\"
        overrides `TZ` of mixin `zone` at templates.kdl:13
        overrides `TZ` of `defaults` at imgspec.kdl:6
",
        "EXPOSE 8081
    templates.kdl:9  expose \"${{ port }}\" 9000  (template `service`, extended at cart/image.kdl:1)
        `port` is 8081, from cart/image.kdl:2
        `9000` is removed at cart/image.kdl:4
",
        "    cart/image.kdl:7  label \"low\" \"no\"  (`when port=8081`)
",
        "
removed
    imgspec.kdl:8  stopsignal \"SIGINT\"
        `stopsignal` is removed at cart/image.kdl:5
",
    ] {
        assert!(ran.out.contains(part), "{part}\n{}", ran.out);
    }
    // What it says of each instruction is not more than what is its own.
    assert_eq!(ran.out.matches("overrides").count(), 3, "{}", ran.out);
}

#[test]
fn lines_of_templates() {
    let workspace = shop();
    let cmd = |image: &str, line: usize, port: &str, from: &str, at: &str| {
        format!(
            "out/{image}.docker:{line}  CMD [\"serve\", \"--port={port}\"]\n    templates.kdl:10  cmd \"serve\" \
             \"--port=${{{{ port }}}}\"  (template `service`, extended at {at})\n        `port` is {port}, from {from}\n"
        )
    };
    let made = workspace.run("explain templates.kdl:10").ends(0).says("").out;
    let places = ["cart", "web", "worker-mail"].map(|image| {
        let start = made.find(&format!("out/{image}.docker:")).unwrap_or_else(|| panic!("{made}"));
        let line = made[start..].split(':').nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        line.parse::<usize>().unwrap_or_else(|_| panic!("{made}"))
    });
    let expected = [
        cmd("cart", places[0], "8081", "cart/image.kdl:2", "cart/image.kdl:1"),
        cmd("web", places[1], "8080", "templates.kdl:7", "web/image.kdl:1"),
        cmd("worker-mail", places[2], "8080", "templates.kdl:7", "worker/image.kdl:1"),
        "and of 2 more images: worker-bills, worker-old\n".to_owned(),
    ];
    assert_eq!(made, expected.concat());
    // A parameter: what reads it.
    workspace.run("explain templates.kdl:7").ends(0).prints_part("EXPOSE 8081").prints_part("\"--port=8080\"");
    workspace.run("explain cart/image.kdl:2").ends(0).prints_part("EXPOSE 8081").prints_part("\"--port=8081\"");
    // What a mixin made, by the line that names it.
    workspace.run("explain templates.kdl:8").ends(0).prints_part("TZ=\"Europe/Berlin\"");
    // What gave way altogether, and what it gave way to.
    workspace.run("explain imgspec.kdl:7").ends(0).prints_part("WORKDIR /app").prints_part("overrides `workdir`");
    workspace.run("explain cart/image.kdl:5").ends(0).prints(
        "cart\n    imgspec.kdl:8  stopsignal \"SIGINT\"\n        `stopsignal` is removed at cart/image.kdl:5\n",
    );
    workspace.run("explain imgspec.kdl:2").ends(2).says_part("no instruction is made of line 2 of `imgspec.kdl`");
    workspace.run_in("cart", "explain image.kdl:3").ends(0).prints_part("out/cart.docker:");
}

#[test]
fn lines_of_dockerfiles_anywhere() {
    let workspace = shop();
    workspace.run("compile").ends(0);
    let line = workspace.read("out/worker-bills.docker").lines().position(|line| line.starts_with("CMD"));
    let line = line.expect("a command") + 1;
    let made = format!("out/worker-bills.docker:{line}");
    let out = workspace.run(&format!("explain {made}")).ends(0).says("").out;
    assert!(out.starts_with(&format!("{made}  CMD")) && out.contains("templates.kdl:10"), "{out}");
    workspace.run_in("out", &format!("explain worker-bills.docker:{line}")).ends(0).prints(&out);
    workspace.run("explain out/none.docker:1").ends(2).says_part("there is no file `out/none.docker`");
}

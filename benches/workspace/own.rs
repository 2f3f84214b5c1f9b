//! Whole specs, of about thirty lines each.

use super::{Dice, Language, Service, TITLE};

/// Packages of Debian 12 and versions of theirs.
const PACKAGES: [(&str, &str); 8] = [
    ("ca-certificates", "20230311*"),
    ("curl", "7.88.*"),
    ("git", "1:2.39.*"),
    ("libpq5", "15.*"),
    ("libvips42", "8.14.*"),
    ("openssl", "3.0.*"),
    ("tini", "0.19.*"),
    ("tzdata", "2024*"),
];

const PYTHON: &str =
    "python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b";
const GO: &str = "golang:1.19-bookworm@sha256:da9da58d86d106a5dda2ce249b00cf3b31cdd626ea41597e476de7b4eebad8c4";
const DEBIAN: &str = "debian:bookworm-slim@sha256:96e378d7e6531ac9a15ad505478fcc2e69f371b10f5cdf87857c4b8188404716";
const NODE: &str = "node:18-bookworm-slim@sha256:f9ab18e354e6855ae56ef2b290dd225c1e51a564f87584b9bd21dd651838830e";
const NGINX: &str = "nginx:1.27-bookworm@sha256:bc5eac5eafc581aeda3008b4b1f07ebba230de2f27d47767129a6a905c84f470";

/// The base of the final stage of what is written in `language`.
pub fn base(language: Language) -> &'static str {
    match language {
        Language::Python => PYTHON,
        Language::Go => DEBIAN,
        Language::Node => NODE,
        Language::Static => NGINX,
    }
}

/// The base of the stage that builds Go.
pub const GO_BASE: &str = GO;

/// A package and its version, as a node.
pub fn package(dice: &mut Dice) -> String {
    let (name, version) = dice.one_of(&PACKAGES);
    format!("package \"{name}\" version=\"{version}\"")
}

/// The spec of `service`.
pub fn spec(service: &Service, dice: &mut Dice) -> String {
    let body = match service.language {
        Language::Python => python(service, dice),
        Language::Go => go(service, dice),
        Language::Node => node(service, dice),
        Language::Static => pages(service, dice),
    };
    let Service { name, area, .. } = service;
    format!("// {TITLE}{area}.\nimage \"{name}\" {{\n    platforms \"linux/amd64\" \"linux/arm64\"\n{body}}}\n")
}

/// Labels that all have.
fn labels(service: &Service) -> String {
    let Service { name, area, .. } = service;
    format!(
        "    label \"org.opencontainers.image.title\" \"{name}\"
    label \"org.opencontainers.image.description\" \"{TITLE}{area}\"
    label \"org.opencontainers.image.source\" \"https://example.com/{area}/{name}\"
"
    )
}

/// Some packages.
fn packages(dice: &mut Dice) -> String {
    let (one, other) = (package(dice), package(dice));
    let other = if one == other { String::new() } else { format!("        {other}\n") };
    format!("    apt {{\n        {one}\n{other}    }}\n")
}

fn python(service: &Service, dice: &mut Dice) -> String {
    let Service { name, port, .. } = service;
    let (labels, packages, interval) = (labels(service), packages(dice), 5 + dice.below(50));
    format!(
        "    stage \"build\" {{
        from \"{PYTHON}\"
        apt {{
            package \"gcc\" version=\"4:12.2.*\"
        }}
        pip \"requirements.txt\" into=\"/venv\" changes=\"rarely\"
    }}

    from \"{PYTHON}\"
{labels}{packages}    user \"app\" uid=10001 home=\"/home/app\"
    workdir \"/app\"
    copy \"/venv\" to=\"/venv\" stage=\"build\"
    copy \"src\" to=\"/app/src\" {{
        exclude \"**/__pycache__\" \"**/*_test.py\"
    }}
    file \"/etc/{name}.ini\" mode=\"0640\" owner=\"app\" \"workers = {interval}\\n\"
    path \"/venv/bin\"
    env PYTHONPATH=\"/app/src\" PYTHONUNBUFFERED=\"1\"
    env PORT=\"{port}\" at=\"runtime\"
    expose {port}
    healthcheck \"python3\" \"-m\" \"health\" interval=\"{interval}s\" timeout=\"3s\" retries=5
    entrypoint \"python3\" \"-m\" \"main\"
    cmd \"--name\" \"{name}\"
"
    )
}

fn go(service: &Service, dice: &mut Dice) -> String {
    let Service { name, port, .. } = service;
    let (labels, packages, interval) = (labels(service), packages(dice), 5 + dice.below(50));
    format!(
        "    stage \"build\" {{
        from \"{GO}\"
        workdir \"/src\"
        copy \"go.mod\" to=\"/src/go.mod\" changes=\"rarely\"
        copy \"cmd\" to=\"/src/cmd\"
        copy \"internal\" to=\"/src/internal\"
        run {{
            sh \"go vet ./...\"
            sh \"go build -trimpath -o /out/{name} ./cmd\"
            reads \"/src\"
            cache \"/root/.cache/go-build\" id=\"go-build\" sharing=\"locked\"
            env CGO_ENABLED=\"0\"
        }}
    }}

    from \"{DEBIAN}\"
{labels}{packages}    user \"app\" uid=10001
    copy \"/out/{name}\" to=\"/usr/local/bin/{name}\" stage=\"build\" mode=\"0755\"
    env LISTEN=\":{port}\"
    expose {port}
    healthcheck \"/usr/local/bin/{name}\" \"-check\" interval=\"{interval}s\" timeout=\"2s\"
    entrypoint \"/usr/local/bin/{name}\"
"
    )
}

fn node(service: &Service, dice: &mut Dice) -> String {
    let Service { name, port, .. } = service;
    let (labels, packages, interval) = (labels(service), packages(dice), 5 + dice.below(50));
    format!(
        "    stage \"test\" target=#true {{
        from \"{NODE}\"
        workdir \"/app\"
        copy \"package.json\" to=\"/app/package.json\"
        copy \"src\" to=\"/app/src\"
        run \"node --check src/server.js\" \"node --test src/\" {{
            reads \"/app\"
            network none
        }}
    }}

    from \"{NODE}\"
{labels}{packages}    user \"1000:1000\"
    workdir \"/app\"
    copy \"package.json\" to=\"/app/package.json\"
    copy \"src\" to=\"/app/src\"
    env NODE_ENV=\"production\" PORT=\"{port}\" NAME=\"{name}\"
    expose {port}
    healthcheck \"node\" \"src/server.js\" \"--check\" interval=\"{interval}s\" timeout=\"2s\"
    entrypoint \"node\" \"src/server.js\"
"
    )
}

fn pages(service: &Service, dice: &mut Dice) -> String {
    let Service { name, port, .. } = service;
    let (labels, packages, interval) = (labels(service), packages(dice), 5 + dice.below(50));
    format!(
        "
    from \"{NGINX}\"
{labels}{packages}    user \"edge\" uid=10101 gid=10101
    copy \"nginx.conf\" to=\"/etc/nginx/nginx.conf\" mode=\"0444\" changes=\"rarely\"
    copy \"site\" to=\"/srv/site\" exclude=\"**/*.draft.html\"
    dir \"/var/cache/{name}\" owner=\"edge\" mode=\"0700\"
    file \"/etc/nginx/name\" \"\"\"
        {name}
        {port}

        \"\"\"
    volume \"/var/cache/{name}\"
    env NAME=\"{name}\"
    expose {port}
    healthcheck \"nginx\" \"-t\" interval=\"{interval}s\" timeout=\"3s\"
    stopsignal \"SIGQUIT\"
    entrypoint \"nginx\" \"-g\" \"daemon off;\"
"
    )
}

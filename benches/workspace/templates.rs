//! The files that specs share: the workspace's own, with its rules, and those of the templates.

use super::own::{GO_BASE, base, package};
use super::{AREAS, Dice, Language, Service, Style};

/// The spec of `service`, in a few lines.
pub fn short_spec(service: &Service, dice: &mut Dice) -> String {
    let Service { name, area, language, port, .. } = service;
    let language = language.name();
    let mut body = format!("    set name=\"{name}\" port={port}\n");
    if dice.below(2) == 0 {
        body.push_str(&format!("    env LOG_LEVEL=\"{}\"\n", dice.one_of(&["debug", "info", "warning"])));
    }
    if dice.below(3) == 0 {
        body.push_str("    use \"tracing\"\n");
    }
    if dice.below(3) == 0 {
        body.push_str(&format!("    label \"com.example.tier\" \"{}\"\n", dice.below(4)));
    }
    format!("image \"{name}\" extends=\"{language}-{area}\" {{\n{body}}}\n")
}

/// The workspace's own file and those of its templates. `ruled` are the templates that rules make images with.
pub fn workspace(count: usize, style: Style, ruled: &[(&str, Language)]) -> Vec<(String, String)> {
    if style == Style::Plain {
        return vec![("imgspec.kdl".to_owned(), "workspace {\n    members \"services/*/*/image.kdl\"\n}\n".to_owned())];
    }
    let mut own = "workspace {\n    members \"services/*/*/image.kdl\" \"templates/*.kdl\"\n}\n\
                   defaults {\n    label \"org.opencontainers.image.vendor\" \"Example\"\n}\n"
        .to_owned();
    for (area, language) in ruled {
        let (marker, language) = (language.marker(), language.name());
        let rule = format!(
            "rule match=\"services/{area}-*/*/{marker}\" extends=\"{language}-{area}\" {{\n    \
             set name=\"${{{{ image }}}}\" port=8080\n}}\n"
        );
        own.push_str(&rule);
    }
    let mut files = vec![("imgspec.kdl".to_owned(), own), ("templates/mixins.kdl".to_owned(), MIXINS.to_owned())];
    for language in Language::ALL {
        let mut text = parent(language);
        let mut dice = Dice::new(count as u64, language as u64);
        text.extend(AREAS.map(|area| child(language, area, &mut dice)));
        files.push((format!("templates/{}.kdl", language.name()), text));
    }
    files
}

const MIXINS: &str = r#"mixin "tracing" {
    env OTEL_TRACES_EXPORTER="otlp" OTEL_SERVICE_NAME="${{ name }}"
}

mixin "described" {
    label "org.opencontainers.image.title" "${{ name }}"
    label "org.opencontainers.image.source" "https://example.com/${{ dir }}"
}
"#;

/// The template of one area, above that of its language.
fn child(language: Language, area: &str, dice: &mut Dice) -> String {
    let language = language.name();
    let package = package(dice);
    format!(
        "
template \"{language}-{area}\" extends=\"{language}\" abstract=#true {{
    param \"tier\" type=\"enum\" default=\"small\" {{
        values \"small\" \"large\"
    }}
    label \"com.example.area\" \"{area}\"
    env AREA=\"{area}\" TIER=\"${{{{ tier }}}}\"
    apt {{
        {package}
    }}
    when tier=\"large\" {{
        env CACHE_MEGABYTES=\"512\"
    }}
}}
"
    )
}

/// The template of a language.
fn parent(language: Language) -> String {
    let (base, name) = (base(language), language.name());
    let body = match language {
        Language::Python => format!(
            r#"    stage "build" {{
        from "{base}"
        apt {{
            package "gcc" version="4:12.2.*"
        }}
        pip "requirements.txt" into="/venv" changes="rarely"
    }}
    from "{base}"
    user "app" uid=10001 home="/home/app"
    workdir "/app"
    copy "/venv" to="/venv" stage="build"
    copy "src" to="/app/src" {{
        exclude "**/__pycache__" "**/*_test.py"
    }}
    path "/venv/bin"
    env PYTHONPATH="/app/src" PYTHONUNBUFFERED="1"
    healthcheck "python3" "-m" "health" interval="15s" timeout="3s"
    entrypoint "python3" "-m" "main" "--name" "${{{{ name }}}}"
"#
        ),
        Language::Go => format!(
            r#"    stage "build" {{
        from "{GO_BASE}"
        workdir "/src"
        copy "go.mod" to="/src/go.mod" changes="rarely"
        copy "cmd" to="/src/cmd"
        copy "internal" to="/src/internal"
        run {{
            sh "go vet ./..."
            sh "go build -trimpath -o /out/${{{{ name }}}} ./cmd"
            reads "/src"
            cache "/root/.cache/go-build" id="go-build" sharing="locked"
            env CGO_ENABLED="0"
        }}
    }}
    from "{base}"
    user "app" uid=10001
    copy "/out/${{{{ name }}}}" to="/usr/local/bin/${{{{ name }}}}" stage="build" mode="0755"
    healthcheck "/usr/local/bin/${{{{ name }}}}" "-check" interval="10s" timeout="2s"
    entrypoint "/usr/local/bin/${{{{ name }}}}"
"#
        ),
        Language::Node => format!(
            r#"    stage "test" target=#true {{
        from "{base}"
        workdir "/app"
        copy "package.json" to="/app/package.json"
        copy "src" to="/app/src"
        run "node --check src/server.js" "node --test src/" {{
            reads "/app"
            network none
        }}
    }}
    from "{base}"
    user "1000:1000"
    workdir "/app"
    copy "package.json" to="/app/package.json"
    copy "src" to="/app/src"
    env NODE_ENV="production"
    healthcheck "node" "src/server.js" "--check" interval="10s" timeout="2s"
    entrypoint "node" "src/server.js" "${{{{ name }}}}"
"#
        ),
        Language::Static => format!(
            r#"    from "{base}"
    user "edge" uid=10101 gid=10101
    copy "nginx.conf" to="/etc/nginx/nginx.conf" mode="0444" changes="rarely"
    copy "site" to="/srv/site" exclude="**/*.draft.html"
    dir "/var/cache/${{{{ name }}}}" owner="edge" mode="0700"
    volume "/var/cache/${{{{ name }}}}"
    healthcheck "nginx" "-t" interval="20s" timeout="3s"
    stopsignal "SIGQUIT"
    entrypoint "nginx" "-g" "daemon off;"
"#
        ),
    };
    format!(
        r#"template "{name}" abstract=#true {{
    param "name" type="string"
    param "port" type="port" default=8080
    use "described"
    expose "${{{{ port }}}}"
    env PORT="${{{{ port | string }}}}" at="runtime"
{body}}}
"#
    )
}

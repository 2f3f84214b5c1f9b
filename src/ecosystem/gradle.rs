//! Gradle: the scripts of a build and its projects, and what a task makes of them.
//!
//! There is no installation of its own: only a task knows which configurations it resolves, and what is downloaded for it
//! lies in a cache that no layer holds.

use super::{Plan, Project, joined, variables, word};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, Sharing, shell};
use std::collections::BTreeSet;

/// How many projects a build may have.
const MAX_PROJECTS: usize = 1000;

/// What Gradle leaves behind. Not `build` itself: a package may be called so.
const LEFT: &[&str] =
    &["**/.gradle", "**/build/classes", "**/build/libs", "**/build/reports", "**/build/resources", "**/build/tmp"];

/// Files beside the settings that Gradle reads, and the wrapper's.
const SHARED: &[&str] = &[
    "settings.gradle",
    "settings.gradle.kts",
    "gradle/libs.versions.toml",
    "gradle/verification-metadata.xml",
    "settings-gradle.lockfile",
    "buildscript-gradle.lockfile",
];

/// Files of each project.
const OWN: &[&str] = &["build.gradle", "build.gradle.kts", "gradle.properties", "gradle.lockfile"];

/// What a `gradle` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let mut manifests = manifests(project, diagnostics)?;
    let is_locked = manifests.iter().any(|manifest| manifest.path.value.ends_with("gradle.lockfile"));
    // The image of Gradle has one of its own.
    let wrapper: &[&str] = match project.base {
        Some("gradle") => &[],
        _ => &["gradlew", "gradle/wrapper/gradle-wrapper.jar", "gradle/wrapper/gradle-wrapper.properties"],
    };
    let wrapper = project.present(wrapper, diagnostics)?;
    let is_wrapped = wrapper.len() == 3;
    manifests.extend(if is_wrapped { wrapper } else { Vec::new() });

    let module = project.node.options.get("module").map(|module| joined(".", &module.value));
    let task = &project.node.command.value;
    let task = match &module {
        Some(module) => format!(":{}:{task}", module.replace('/', ":")),
        None => task.clone(),
    };
    let program = if is_wrapped { "./gradlew" } else { "gradle" };
    let to = project.to.clone().expect("the shape demands `to`");
    let artifact = &project.node.options.get("artifact").expect("the shape demands `artifact`").value;
    let artifact = joined(module.as_deref().unwrap_or("."), artifact);
    let commands = vec![
        format!("{program} --no-daemon --console=plain {}{}", shell::quote(&task), project.operands()),
        format!("mkdir -p {}", shell::quote(project.holder(&to).as_str())),
        format!("cp -R {} {}", word(&artifact), project.output(&to)),
    ];
    let home = if project.by_root() { "/root/.gradle" } else { "/var/cache/gradle" };
    // Gradle asks who holds a lock by the network, which is another one in each container.
    let mut mounts = vec![project.cache(&format!("{home}/caches"), Sharing::Locked)];
    mounts.extend(is_wrapped.then(|| project.cache(&format!("{home}/wrapper"), Sharing::Locked)));
    let mut build = project.run(commands, mounts);
    if !project.by_root() {
        build.env.extend(variables(&[("GRADLE_USER_HOME", home)]));
    }
    let missing = project.without_lock("gradle.lockfile", &format!("{program} dependencies --write-locks"));
    Ok(Plan {
        build_installs: true,
        manifests,
        install: None,
        kept: Vec::new(),
        exclude: LEFT.to_vec(),
        build: Some((build, vec![to])),
        unlocked: (!is_locked).then_some(missing),
    })
}

/// The scripts of the build, of the projects that its settings include, and of the builds that it is put together with.
fn manifests(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Vec<Manifest>, Reported> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec![".".to_owned()];
    while let Some(build) = pending.pop() {
        if !seen.insert(build.clone()) {
            continue;
        }
        if seen.len() > MAX_PROJECTS {
            return Err(project.invalid(format!("more than {MAX_PROJECTS} projects belong together"), diagnostics));
        }
        let files: Vec<String> = SHARED.iter().chain(OWN).map(|file| joined(&build, file)).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        found.extend(project.present(&files, diagnostics)?);
        for name in ["settings.gradle", "settings.gradle.kts"] {
            let Some(text) = project.look(&joined(&build, name), diagnostics)? else { continue };
            let included = calls(&text, "include");
            let directories = included.iter().map(|path| path.trim_start_matches(':').replace(':', "/"));
            // An included build may include others.
            pending.extend(directories.map(|path| joined(&build, &path)));
            pending.extend(calls(&text, "includeBuild").into_iter().map(|path| joined(&build, path)));
        }
        if build == "." {
            pending.push("buildSrc".to_owned());
        }
    }
    if found.is_empty() {
        let message = format!("there is no file `{}` nor `build.gradle.kts`", project.path("build.gradle"));
        return Err(project.invalid(message, diagnostics));
    }
    Ok(found)
}

/// The strings that a script gives to the calls of a method, in Groovy (`include 'a', 'b'`) or Kotlin (`include("a")`).
fn calls<'t>(script: &'t str, method: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut rest = script;
    while let Some(at) = rest.find(method) {
        let before = &rest[..at];
        rest = &rest[at + method.len()..];
        let is_comment = before.rsplit('\n').next().is_some_and(|line| line.contains("//"));
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        if is_comment || before.ends_with(is_word) || rest.starts_with(is_word) {
            continue;
        }
        let mut arguments = rest.trim_start_matches(['(', ' ', '\t', '\n', '\r']);
        while let Some(quote) = arguments.chars().next().filter(|c| ['\'', '"'].contains(c)) {
            let Some((word, behind)) = arguments[1..].split_once(quote) else { break };
            found.push(word);
            let behind = behind.trim_start();
            let Some(next) = behind.strip_prefix(',') else { break };
            arguments = next.trim_start();
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::sample::{check, refused};
    use super::calls;

    #[test]
    fn included_projects_are_manifests() {
        check(
            "gradle:8.10",
            &[
                ("settings.gradle.kts", "includeBuild(\"logic\")\ninclude(\":api\", \":lib:core\")\n"),
                ("gradle/libs.versions.toml", ""),
                ("api/build.gradle.kts", ""),
                ("lib/core/build.gradle", ""),
                ("logic/settings.gradle", "// include 'no'"),
                ("gradle.lockfile", ""),
                ("gradlew", ""),
            ],
            "gradle \"bootJar\" \"--offline\" module=\"api\" artifact=\"build/libs/*.jar\" to=\"/out/api.jar\"",
            &[
                "copy ./ -> /src without **/.gradle without **/build/classes without **/build/libs without **/build/reports \
                 without **/build/resources without **/build/tmp",
                "gradle: [cache /root/.gradle/caches] gradle --no-daemon --console=plain :api:bootJar --offline && mkdir -p \
                 /out && cp -R api/build/libs/*.jar /out/api.jar",
            ],
        );
    }

    #[test]
    fn a_wrapper_is_preferred() {
        check(
            "eclipse-temurin:21",
            &[
                ("build.gradle", ""),
                ("gradle.lockfile", ""),
                ("gradlew", ""),
                ("gradle/wrapper/gradle-wrapper.jar", ""),
                ("gradle/wrapper/gradle-wrapper.properties", ""),
                ("src/A.java", ""),
            ],
            "gradle \"jar\" artifact=\"build/libs/a.jar\" to=\"/a.jar\" { sources \"src\" }",
            &[
                "copy src/ -> /src/src",
                "gradle build.gradle gradle.lockfile gradlew gradle/wrapper/gradle-wrapper.jar \
                 gradle/wrapper/gradle-wrapper.properties: [cache /root/.gradle/caches] [cache /root/.gradle/wrapper] ./gradlew \
                 --no-daemon --console=plain jar && mkdir -p / && cp -R build/libs/a.jar /a.jar",
            ],
        );
    }

    #[test]
    fn settings_are_groovy_or_kotlin() {
        for (text, expected) in [
            ("include 'a', \"b:c\"", vec!["a", "b:c"]),
            ("include(\n    \"a\",\n    \"b\",\n)", vec!["a", "b"]),
            ("// include 'a'\nincludeFlat 'b'\nreinclude 'c'", vec![]),
            ("include 'a'\ninclude 'b'", vec!["a", "b"]),
        ] {
            assert_eq!(calls(text, "include"), expected, "{text}");
        }
    }

    #[test]
    fn mistakes() {
        let body = "gradle \"jar\" artifact=\"a.jar\" to=\"/a.jar\"";
        refused("gradle:8.10", &[], body, "there is no file `build.gradle` nor `build.gradle.kts`");
    }
}

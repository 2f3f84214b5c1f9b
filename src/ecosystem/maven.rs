//! Maven: the poms of a project and its modules, and what is packaged of them.
//!
//! There is no installation of its own: `dependency:go-offline` finds neither all plugins nor the modules themselves, and
//! what it downloads lies in a cache that no layer holds.

use super::{Plan, Project, joined, variables, word};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, Sharing, shell};
use roxmltree::{Document, Node};
use std::collections::BTreeSet;

/// How many poms a project may be made of.
const MAX_POMS: usize = 1000;

/// What Maven leaves in `target`. Not that itself: a package may be called so.
const LEFT: &[&str] = &[
    "**/target/classes",
    "**/target/test-classes",
    "**/target/generated-sources",
    "**/target/maven-*",
    "**/target/surefire-reports",
    "**/target/*.jar",
];

/// What a `maven` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let mut poms = Poms::default();
    poms.read(project, diagnostics)?;
    let wrapper = ["mvnw", ".mvn/wrapper/maven-wrapper.properties"];
    // The image of Maven has one of its own.
    let wrapper = project.present(if project.base == Some("maven") { &[] } else { &wrapper }, diagnostics)?;
    let is_wrapped = wrapper.len() == 2;
    let mut manifests = poms.manifests;
    manifests.extend(if is_wrapped { wrapper } else { Vec::new() });
    let config = [".mvn/maven.config", ".mvn/jvm.config", ".mvn/extensions.xml", ".mvn/settings.xml"];
    manifests.extend(project.present(&config, diagnostics)?);

    let module = project.node.options.get("module").map(|module| joined(".", &module.value));
    let directory = module.as_deref().unwrap_or(".");
    let artifact = match project.node.options.get("artifact") {
        Some(artifact) => artifact.value.clone(),
        None => artifact(project, directory, diagnostics)?,
    };
    let to = project.to.clone().expect("the shape demands `to`");
    let home = if project.by_root() { "/root/.m2" } else { "/var/cache/maven" };
    let mut command = String::from(if is_wrapped { "./mvnw" } else { "mvn" });
    command.push_str(" --batch-mode --no-transfer-progress");
    command.push_str(if project.by_root() { "" } else { " -Dmaven.repo.local=/var/cache/maven/repository" });
    command.push_str(&format!(" {}", shell::quote(&project.node.command.value)));
    command.push_str(&module.as_ref().map(|module| format!(" -pl {} -am", shell::quote(module))).unwrap_or_default());
    command.push_str(&project.operands());
    let commands = vec![
        command,
        format!("mkdir -p {}", shell::quote(project.holder(&to).as_str())),
        format!("cp {} {}", word(&joined(directory, &artifact)), project.output(&to)),
    ];
    // Maven 3 does not expect others to write to its repository.
    let mut mounts = vec![project.cache(&format!("{home}/repository"), Sharing::Locked)];
    mounts.extend(is_wrapped.then(|| project.cache(&format!("{home}/wrapper"), Sharing::Locked)));
    let mut build = project.run(commands, mounts);
    if is_wrapped && !project.by_root() {
        build.env.extend(variables(&[("MAVEN_USER_HOME", home)]));
    }
    Ok(Plan {
        build_installs: true,
        manifests,
        install: None,
        kept: Vec::new(),
        exclude: LEFT.to_vec(),
        build: Some((build, vec![to])),
        unlocked: None,
    })
}

/// The poms of a project.
#[derive(Default)]
struct Poms {
    manifests: Vec<Manifest>,
    seen: BTreeSet<String>,
}

impl Poms {
    fn read(&mut self, project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
        let mut pending = vec!["pom.xml".to_owned()];
        while let Some(file) = pending.pop() {
            if !self.seen.insert(file.clone()) {
                continue;
            }
            if self.seen.len() > MAX_POMS {
                return Err(project.invalid(format!("more than {MAX_POMS} poms belong together"), diagnostics));
            }
            let text = project.require(&file, diagnostics)?;
            let document = parse(&file, &text, project, diagnostics)?;
            self.manifests.extend(project.located(&file));
            let directory = file.rsplit_once('/').map_or(".", |(directory, _)| directory);
            let modules = document.descendants().filter(|node| is_module(*node));
            for module in modules.filter_map(|module| module.text()) {
                let path = joined(directory, module.trim());
                // A module is a directory, or a pom of another name.
                pending.push(if path.ends_with(".xml") { path } else { joined(&path, "pom.xml") });
            }
            if let Some(parent) = child(document.root_element(), "parent") {
                let relative =
                    child(parent, "relativePath").map_or("../pom.xml", |path| path.text().unwrap_or_default());
                let path = joined(directory, relative.trim());
                let path = if path.ends_with(".xml") { path } else { joined(&path, "pom.xml") };
                // Without a pom there, the parent is one of a repository.
                let is_there = !relative.trim().is_empty() && project.located(&path).is_some();
                if is_there && project.look(&path, diagnostics)?.is_some() {
                    pending.push(path);
                }
            }
        }
        Ok(())
    }
}

/// What a module is packaged to, seen from it.
fn artifact(project: &Project<'_>, directory: &str, diagnostics: &mut Diagnostics) -> Result<String, Reported> {
    let file = joined(directory, "pom.xml");
    let text = project.require(&file, diagnostics)?;
    let document = parse(&file, &text, project, diagnostics)?;
    let root = document.root_element();
    let text = |node: Node<'_, '_>, name: &str| Some(child(node, name)?.text()?.trim().to_owned());
    let version = || text(root, "version").or_else(|| text(child(root, "parent")?, "version"));
    let name = child(root, "build").and_then(|build| text(build, "finalName"));
    let name = name.or_else(|| Some(format!("{}-{}", text(root, "artifactId")?, version()?)));
    let packaging = text(root, "packaging").unwrap_or_else(|| "jar".to_owned());
    match name {
        Some(name) if !name.contains("${") && packaging != "pom" => Ok(format!("target/{name}.{packaging}")),
        _ => {
            let message = format!("{} does not tell what it is packaged to", project.path(&file));
            Err(project.told(message, "write artifact=\"target/app.jar\"", diagnostics))
        }
    }
}

fn parse<'t>(
    file: &str,
    text: &'t str,
    project: &Project<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<Document<'t>, Reported> {
    Document::parse(text).map_err(|error| {
        let message = format!("{}:{}: it is not XML: {error}", project.path(file), error.pos().row);
        project.invalid(message, diagnostics)
    })
}

/// The child of that name, in whatever namespace.
fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// Whether it names a module of the project, and not one of a plugin's.
fn is_module(node: Node<'_, '_>) -> bool {
    let holder = node.parent().filter(|parent| is(*parent, "modules")).and_then(|parent| parent.parent());
    is(node, "module") && holder.is_some_and(|holder| is(holder, "project") || is(holder, "profile"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{check, refused};

    const POM: (&str, &str) = (
        "pom.xml",
        "<project><artifactId>shop</artifactId><version>1</version><packaging>pom</packaging><modules>\
         <module>api</module><module>lib/pom-jdk.xml</module></modules><build><plugins><plugin><configuration><modules>\
         <module>x</module></modules></configuration></plugin></plugins></build></project>",
    );
    const API: (&str, &str) = (
        "api/pom.xml",
        "<project><parent><version>1.2</version><relativePath/></parent><artifactId>api</artifactId></project>",
    );
    const LIB: (&str, &str) = ("lib/pom-jdk.xml", "<project/>");

    #[test]
    fn all_modules_are_manifests() {
        check(
            "maven:3.9",
            &[POM, API, LIB, (".mvn/maven.config", ""), ("mvnw", ""), ("api/src/A.java", "")],
            "maven \"package\" \"-DskipTests\" module=\"api\" to=\"/out/api.jar\" { sources \"api/src\" }",
            &[
                "copy api/src/ -> /src/api/src",
                "maven pom.xml lib/pom-jdk.xml api/pom.xml .mvn/maven.config: [cache /root/.m2/repository] mvn --batch-mode \
                 --no-transfer-progress package -pl api -am -DskipTests && mkdir -p /out && cp api/target/api-1.2.jar /out/api.jar",
            ],
        );
    }

    #[test]
    fn a_wrapper_is_preferred() {
        check(
            "eclipse-temurin:21",
            &[
                ("pom.xml", "<project><build><finalName>a</finalName></build><packaging>war</packaging></project>"),
                ("mvnw", ""),
                (".mvn/wrapper/maven-wrapper.properties", ""),
            ],
            "maven \"verify\" as=\"10001\" to=\"/out/\"",
            &[
                "dir /src of 10001",
                "copy ./ -> /src of 10001 without **/target/classes without **/target/test-classes without \
                 **/target/generated-sources without **/target/maven-* without **/target/surefire-reports without **/target/*.jar",
                "maven: [cache /var/cache/maven/repository] [cache /var/cache/maven/wrapper] \
                 MAVEN_USER_HOME=\"/var/cache/maven\" as 10001 ./mvnw --batch-mode --no-transfer-progress \
                 -Dmaven.repo.local=/var/cache/maven/repository verify && mkdir -p /out && cp target/a.war /out/",
            ],
        );
    }

    #[test]
    fn mistakes() {
        let body = "maven \"package\" to=\"/out/app.jar\"";
        refused("maven:3.9", &[POM], body, "there is no file `lib/pom-jdk.xml`");
        refused("maven:3.9", &[POM, API, LIB], body, "pom.xml does not tell what it is packaged to");
        refused(
            "maven:3.9",
            &[("pom.xml", "<project>\n</x>")],
            body,
            "pom.xml:2: it is not XML: expected \'project\' tag, not \'x\' at 2:1",
        );
    }
}

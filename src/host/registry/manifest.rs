//! Indexes, manifests and configs (OCI image spec; and Docker's, of which it comes).

use crate::base::{Digest, Platform};
use crate::lock::BaseConfig;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What is asked for, the best first.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";

const INDEXES: [&str; 2] =
    ["application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"];

const MANIFESTS: [&str; 2] =
    ["application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json"];

const CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

const LAYERS: [&str; 2] = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/// What stands at a reference.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Manifest {
    /// Images of several platforms.
    Index(Vec<Listed>),
    /// One image.
    Image {
        /// Where its config is.
        config: Descriptor,
        /// Its layers, the lowest first.
        layers: Vec<Descriptor>,
    },
}

/// An image in an index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its manifest.
    pub manifest: Descriptor,
    /// Its platform in its normal form, if it is said.
    pub platform: Option<Platform>,
}

/// What a blob is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Descriptor {
    /// Its type.
    pub media_type: String,
    /// Its hash.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
    /// Where else it is, if it is not in the registry.
    pub url: Option<String>,
}

/// Why a manifest is not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is something else: `a chart`.
    Is(String),
    /// It is not as the specification says.
    Malformed(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    schema_version: u64,
    media_type: Option<String>,
    manifests: Option<Vec<WrittenDescriptor>>,
    config: Option<WrittenDescriptor>,
    layers: Option<Vec<WrittenDescriptor>>,
    fs_layers: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrittenDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    urls: Option<Vec<String>>,
    #[serde(default)]
    platform: Option<WrittenPlatform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct WrittenPlatform {
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    variant: Option<String>,
}

/// The manifest that `bytes` are, which came as `content_type`.
pub(super) fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Manifest, Unread> {
    let written: Written = serde_json::from_slice(bytes).map_err(|error| Unread::Malformed(error.to_string()))?;
    let sent = content_type.map(|text| text.split(';').next().unwrap_or_default().trim());
    if written.schema_version == 1 || written.fs_layers.is_some() {
        return Err(Unread::Is("of the old schema 1".to_owned()));
    }
    let named = written.media_type.as_deref().or(sent);
    let is_known = named.is_none_or(|named| INDEXES.contains(&named) || MANIFESTS.contains(&named));
    if written.media_type.is_some() && !is_known {
        return Err(Unread::Is(format!("no image, but `{}`", named.unwrap_or_default())));
    }
    // One document that is both must not be one thing here and the other elsewhere (CVE-2021-41190).
    let both = Unread::Malformed("it is an index and a manifest at once".to_owned());
    match (written.manifests, written.config, written.layers) {
        (Some(manifests), None, None) => match named {
            Some(named) if MANIFESTS.contains(&named) => Err(both),
            _ => Ok(Manifest::Index(
                manifests.into_iter().map(listed).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect(),
            )),
        },
        (None, Some(config), Some(layers)) => match named {
            Some(named) if INDEXES.contains(&named) => Err(both),
            _ => {
                let config = descriptor(config)?;
                let layers = layers.into_iter().map(descriptor).collect::<Result<Vec<_>, _>>()?;
                image(config, layers)
            }
        },
        (Some(_), _, _) => Err(both),
        _ => Err(Unread::Malformed("it has neither manifests nor layers".to_owned())),
    }
}

fn image(config: Descriptor, layers: Vec<Descriptor>) -> Result<Manifest, Unread> {
    if !CONFIGS.contains(&config.media_type.as_str()) {
        return Err(Unread::Is(format!("no image, but `{}`", config.media_type)));
    }
    match layers.iter().find(|layer| !LAYERS.iter().any(|start| layer.media_type.starts_with(start))) {
        Some(layer) => Err(Unread::Is(format!("an image with a layer of `{}`", layer.media_type))),
        None => Ok(Manifest::Image { config, layers }),
    }
}

/// An entry of an index; none for what is no image to run, as the attestations that BuildKit puts there.
fn listed(written: WrittenDescriptor) -> Result<Option<Listed>, Unread> {
    let attests = written.annotations.as_ref().is_some_and(|all| all.contains_key("vnd.docker.reference.type"));
    let is_manifest = MANIFESTS.contains(&written.media_type.as_str());
    if attests || !is_manifest {
        return Ok(None);
    }
    let platform = match &written.platform {
        None => None,
        Some(written) => match platform(&written.os, &written.architecture, written.variant.as_deref()) {
            Some(platform) if platform.as_str() != "unknown/unknown" => Some(platform),
            // One that nobody can ask for.
            _ => return Ok(None),
        },
    };
    Ok(Some(Listed { manifest: descriptor(written)?, platform }))
}

fn descriptor(written: WrittenDescriptor) -> Result<Descriptor, Unread> {
    let digest = written.digest.starts_with("sha256:").then(|| Digest::parse(&written.digest).ok()).flatten();
    let digest = digest.ok_or_else(|| Unread::Malformed(format!("`{}` is no digest that is known", written.digest)))?;
    let url = written.urls.and_then(|urls| urls.into_iter().next());
    Ok(Descriptor { media_type: written.media_type, digest, size: written.size, url })
}

fn platform(os: &str, architecture: &str, variant: Option<&str>) -> Option<Platform> {
    let variant = variant.filter(|variant| !variant.is_empty()).map(|variant| format!("/{variant}"));
    let text = format!("{os}/{architecture}{}", variant.unwrap_or_default());
    Some(Platform::parse(&text).ok()?.normal())
}

/// The config of an image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// What is said of containers.
    pub config: BaseConfig,
    /// The platform in its normal form.
    pub platform: Option<Platform>,
    /// The hashes of the layers unpacked, the lowest first.
    pub layers: Vec<Digest>,
}

#[derive(Deserialize)]
struct WrittenConfig {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
    created: Option<String>,
    config: Option<Container>,
    rootfs: Option<Root>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Container {
    user: Option<String>,
    env: Option<Vec<String>>,
    working_dir: Option<String>,
    exposed_ports: Option<BTreeMap<String, Value>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Root {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

/// The config that `bytes` are, or why they are none.
pub(super) fn parse_config(bytes: &[u8]) -> Result<Config, String> {
    let written: WrittenConfig = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let container = written.config.unwrap_or_default();
    let env = container.env.unwrap_or_default().into_iter();
    let env = env.map(|text| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (text, String::new()),
    });
    let layers = written.rootfs.and_then(|root| root.diff_ids).unwrap_or_default();
    let digest = |text: &String| Digest::parse(text).map_err(|error| error.to_string());
    Ok(Config {
        platform: platform(&written.os, &written.architecture, written.variant.as_deref()),
        layers: layers.iter().map(digest).collect::<Result<_, _>>()?,
        config: BaseConfig {
            user: container.user.unwrap_or_default(),
            env: env.collect(),
            workdir: container.working_dir.unwrap_or_default(),
            ports: container.exposed_ports.unwrap_or_default().into_keys().collect(),
            entrypoint: container.entrypoint.unwrap_or_default(),
            cmd: container.cmd.unwrap_or_default(),
            os: written.os,
            architecture: written.architecture,
            variant: written.variant.unwrap_or_default(),
            created: written.created,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(digit: char, media_type: &str) -> Value {
        json!({"mediaType": media_type, "digest": format!("sha256:{}", digit.to_string().repeat(64)), "size": 7})
    }

    fn on(digit: char, platform: &Value) -> Value {
        let mut entry = of(digit, MANIFESTS[0]);
        entry["platform"] = platform.clone();
        entry
    }

    #[test]
    fn indexes() {
        let check = |manifests: &[Value], expected: &[&str]| {
            let bytes = json!({"schemaVersion": 2, "mediaType": INDEXES[1], "manifests": manifests}).to_string();
            let Ok(Manifest::Index(listed)) = parse(bytes.as_bytes(), Some(INDEXES[1])) else { panic!("{bytes}") };
            let platform = |listed: &Listed| listed.platform.as_ref().map_or("none", Platform::as_str).to_owned();
            assert_eq!(listed.iter().map(platform).collect::<Vec<_>>(), expected, "{bytes}");
        };
        check(&[], &[]);
        check(
            &[
                on('1', &json!({"os": "linux", "architecture": "amd64"})),
                on('2', &json!({"os": "linux", "architecture": "arm64", "variant": "v8"})),
                on('3', &json!({"os": "linux", "architecture": "arm", "variant": "v7"})),
                on('4', &json!({"os": "unknown", "architecture": "unknown"})),
                on('5', &json!({"os": "Linux", "architecture": "amd64"})),
                of('6', "application/vnd.in-toto+json"),
                of('7', MANIFESTS[1]),
            ],
            &["linux/amd64", "linux/arm64", "linux/arm/v7", "none"],
        );
        let mut attests = on('1', &json!({"os": "linux", "architecture": "amd64"}));
        attests["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
        check(&[attests], &[]);
    }

    #[test]
    fn what_is_no_image() {
        let check = |text: &Value, sent: Option<&str>, expected: &str| {
            let unread = parse(text.to_string().as_bytes(), sent).expect_err("no image");
            let (Unread::Is(told) | Unread::Malformed(told)) = unread;
            assert!(told.contains(expected), "{told}");
        };
        check(&json!({"schemaVersion": 1, "fsLayers": []}), None, "schema 1");
        check(&json!({"schemaVersion": 2, "mediaType": "x/y"}), None, "no image, but `x/y`");
        let layer = of('1', "application/vnd.oci.image.layer.v1.tar+gzip");
        let chart = of('2', "application/vnd.cncf.helm.config.v1+json");
        check(&json!({"schemaVersion": 2, "config": chart, "layers": [layer]}), None, "helm");
        let config = of('2', CONFIGS[0]);
        let other = of('1', "application/vnd.in-toto+json");
        check(&json!({"schemaVersion": 2, "config": config, "layers": [other]}), None, "in-toto");
        let both = json!({"schemaVersion": 2, "config": config, "layers": [layer], "manifests": []});
        check(&both, None, "at once");
        check(&json!({"schemaVersion": 2, "manifests": []}), Some(MANIFESTS[0]), "at once");
        check(&json!({"schemaVersion": 2, "config": config, "layers": [layer]}), Some(INDEXES[0]), "at once");
        check(&json!({"schemaVersion": 2}), None, "neither");
        let mut long = layer.clone();
        long["digest"] = json!("sha512:00");
        check(&json!({"schemaVersion": 2, "config": config, "layers": [long]}), None, "sha512");
        check(&json!([]), None, "expected");
    }

    #[test]
    fn configs() {
        let hex = "0".repeat(64);
        let text = json!({
            "os": "linux", "architecture": "arm", "variant": "v6", "created": "2026-11-20T00:00:00Z",
            "config": {
                "User": "1000:1000", "Env": ["PATH=/bin:/a=b", "EMPTY"], "WorkingDir": "/app",
                "ExposedPorts": {"8080/tcp": {}, "53/udp": {}}, "Entrypoint": null, "Cmd": ["sh"],
            },
            "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{hex}")]},
        });
        let config = parse_config(text.to_string().as_bytes()).expect("a config");
        assert_eq!(config.platform, Platform::parse("linux/arm/v6").ok());
        assert_eq!(config.layers, [Digest::parse(&hex).expect("a digest")]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(config.config.env, [pair("PATH", "/bin:/a=b"), pair("EMPTY", "")]);
        assert_eq!(config.config.ports, ["53/udp", "8080/tcp"]);
        assert_eq!((&*config.config.user, &*config.config.workdir), ("1000:1000", "/app"));
        assert_eq!((config.config.entrypoint.len(), config.config.cmd.len()), (0, 1));
        assert_eq!(parse_config(b"{\"config\": null}"), Ok(Config::default()));
        assert!(parse_config(b"[1]").is_err());
    }
}

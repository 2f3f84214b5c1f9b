//! Builds what `golden/` says with real engines, and looks inside the images.
//!
//! `cargo test --test engine -- --ignored` needs a Docker Engine with BuildKit, buildah (in `PATH` or named by
//! `IMGSPEC_BUILDAH`) and hadolint (in `PATH` or named by `IMGSPEC_HADOLINT`); a test whose tool is not there fails.
//! Containers have no network but their own loopback, so that tests can run side by side; a question to a server is
//! asked from inside its container. What an image holds is asserted once, for whichever engine built it.

#[path = "engine/bake.rs"]
mod bake;
#[path = "engine/bases.rs"]
mod bases;
#[path = "engine/build.rs"]
mod build;
#[path = "engine/by_buildah.rs"]
mod by_buildah;
#[path = "engine/by_docker.rs"]
mod by_docker;
#[path = "engine/cache.rs"]
mod cache;
#[path = "engine/container.rs"]
mod container;
#[path = "engine/failures.rs"]
mod failures;
#[path = "engine/fetches.rs"]
mod fetches;
#[path = "engine/hostile.rs"]
mod hostile;
#[path = "engine/images.rs"]
mod images;
#[path = "engine/judges.rs"]
mod judges;
#[path = "engine/languages.rs"]
mod languages;
#[path = "engine/pairs.rs"]
mod pairs;
#[path = "engine/pinned.rs"]
mod pinned;
#[path = "engine/process.rs"]
mod process;
#[path = "engine/registry.rs"]
mod registry;
#[path = "engine/replay.rs"]
mod replay;
#[path = "engine/reproducible.rs"]
mod reproducible;
#[path = "engine/shop.rs"]
mod shop;
#[path = "engine/timings.rs"]
mod timings;

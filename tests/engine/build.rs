//! From a golden, or from a spec that a test changed, to an image in the Docker Engine.

use crate::bases::{last_base, mappings};
use crate::process::{Output, run, succeed};
use imgspec::base::World as _;
use imgspec::compile::Compiled;
use imgspec::diagnostic::{Diagnostics, Sources};
use imgspec::host::Disk;
use imgspec::lower::Options;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// The longest that a build may take; the first one on a machine fetches packages.
const BUILD_SECONDS: u64 = 900;

/// An image of the Docker Engine, removed at the end of its test.
pub struct Image {
    /// Its name and tag.
    pub tag: String,
    /// The image that its last stage starts from.
    pub base: Option<String>,
}

impl Image {
    /// A name that nobody else has.
    pub fn unused(case: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let case = case.replace('/', "-");
        Self { tag: format!("imgspec-test-{case}-{}:{number}", std::process::id()), base: None }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // What buildah made has a second name, of its own way of naming.
        let names = [self.tag.clone(), format!("localhost/{}", self.tag)];
        run(Command::new("docker").args(["image", "rm", "--force"]).args(names), 120);
    }
}

/// A Dockerfile with its `.dockerignore` beside it, and the context it is built in.
pub struct Build {
    directory: TempDir,
    context: PathBuf,
    text: String,
}

/// The case's golden, in the case's context.
pub fn golden(case: &str) -> Build {
    let read = |name: &str| {
        let path = repository().join("golden").join(case).join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    Build::new(&read("Dockerfile"), &read("Dockerfile.dockerignore"), context_of(case))
}

/// The spec of the directory `case`, which must compile.
pub fn compiled(case: &Path) -> Build {
    let compiled = compilation(case);
    Build::new(&compiled.printed.text, &compiled.dockerignore, case.to_owned())
}

/// What the spec of the directory `case` compiles to.
pub fn compilation(case: &Path) -> Compiled {
    let world = Disk::open(case).expect("the case opens");
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let text = world.read("image.kdl").expect("a spec");
    let file = imgspec::compile::read("image.kdl", &text, &mut sources, &mut diagnostics);
    let files = Vec::from_iter(file);
    let images = imgspec::model::resolve(files, &mut diagnostics);
    let compiled = images
        .first()
        .and_then(|image| imgspec::compile::compile(image, &world, Options::default(), &mut diagnostics).ok());
    compiled.unwrap_or_else(|| panic!("{text}\ndoes not compile: {:?}", diagnostics.into_sorted()))
}

/// A copy of the case, for a test that changes it.
pub fn copy_of(case: &str) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary directory");
    succeed(Command::new("cp").arg("-a").arg(context_of(case).join(".")).arg(copy.path()), 60);
    copy
}

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The build context of a case: its directory, but for the case of which that is the point.
pub fn context_of(case: &str) -> PathBuf {
    let directory = repository().join("specs").join(case);
    if case == "context-directory" { directory.join("app") } else { directory }
}

impl Build {
    /// A Dockerfile of these texts, in that context.
    pub fn new(dockerfile: &str, dockerignore: &str, context: PathBuf) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::write(directory.path().join("Dockerfile"), buildable(dockerfile)).expect("it can be written");
        fs::write(directory.path().join("Dockerfile.dockerignore"), dockerignore).expect("it can be written");
        Self { directory, context, text: dockerfile.to_owned() }
    }

    /// The same Dockerfile in another context.
    pub fn within(self, context: &Path) -> Self {
        Self { context: context.to_owned(), ..self }
    }

    /// The text of the Dockerfile.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The arguments that both builders take: mapped bases, the Dockerfile, the context.
    pub fn arguments(&self) -> Vec<String> {
        let mut arguments = mappings(&self.text);
        arguments.push("--file".to_owned());
        arguments.push(self.directory.path().join("Dockerfile").display().to_string());
        arguments.push(self.context.display().to_string());
        arguments
    }

    /// A name for the image that nobody else has.
    pub fn unused(&self, name: &str) -> Image {
        let mut image = Image::unused(name);
        image.base = last_base(&self.text);
        image
    }

    /// The image that BuildKit makes, with `extra` arguments.
    pub fn image(&self, name: &str, extra: &[&str]) -> Image {
        let image = self.unused(name);
        let output = self.attempt(&image, extra);
        assert!(output.success, "{name} does not build\n{}", output.stderr);
        image
    }

    /// What BuildKit says of a build as `image`.
    pub fn attempt(&self, image: &Image, extra: &[&str]) -> Output {
        let mut command = Command::new("docker");
        command.args(["buildx", "build", "--load", "--network=host", "--progress=plain", "--tag", &image.tag]);
        command.args(extra).args(self.arguments());
        run(&mut command, BUILD_SECONDS)
    }
}

/// The Dockerfile without a `# syntax` line that this engine cannot follow: it names the frontend's image, which a
/// registry without the internet behind it does not have. The frontend that the engine itself holds must do.
fn buildable(dockerfile: &str) -> String {
    let Some((first, rest)) = dockerfile.split_once('\n') else { return dockerfile.to_owned() };
    match first.strip_prefix("# syntax=") {
        Some(frontend) if !frontend_is_there(frontend) => rest.to_owned(),
        _ => dockerfile.to_owned(),
    }
}

fn frontend_is_there(frontend: &str) -> bool {
    run(Command::new("docker").args(["buildx", "imagetools", "inspect", "--raw", frontend]), 60).success
}

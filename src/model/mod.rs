//! Floor 4: whole images. A plan says which there are; each is then put together by itself from all it draws from, and
//! checked across its parts: stages that name each other, images that name each other, the build context.

mod concern;
mod expression;
mod layers;
mod merge;
mod origin;
mod params;
mod plan;
mod rings;
mod scope;
mod stages;
mod templates;
mod ties;

pub use concern::Concern;
pub use expression::{expand_entry, expand_nodes, expand_text};
pub use merge::{Layer, LayerKind, Merged, Override, merge};
pub use origin::{Drawn, Origins};
pub use plan::{Plan, SpecFile, Unit};
pub use scope::{Binding, Scope};
pub use ties::Ties;

use crate::base::{ImageName, Platform, Span, Spanned, StageName, joined, normalize};
use crate::diagnostic::codes::{INCOMPLETE_TEMPLATE, PATH_ESCAPE, UNKNOWN_IMAGE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::{self, Baking, Base, From, Item, Pinning, RuleSetting};
use crate::syntax::{Decode as _, Entry, Node, Value, Written};
use std::sync::{Arc, PoisonError};
use templates::Link;
use ties::base_image;

/// An image, whole.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its name.
    pub name: Spanned<ImageName>,
    /// The spec's path from the workspace's root.
    pub spec: String,
    /// The directory it is an image of, from the workspace's root, empty for the root itself.
    pub directory: String,
    /// The path of its Dockerfile from the workspace's root.
    pub output: String,
    /// The build context's directory from the workspace's root, empty for the root itself.
    pub context: String,
    /// The platforms it is built for.
    pub platforms: Vec<Platform>,
    /// How it is named and cached by who builds it.
    pub baking: Baking,
    /// Its settings of rules, the workspace's before its own.
    pub rules: Vec<RuleSetting>,
    /// Where the workspace's pins come from.
    pub pinning: Arc<Pinning>,
    /// Its stages, each behind those it needs, the final one last.
    pub stages: Vec<Stage>,
    /// Which images of the workspace there are, in order of names.
    pub images: Arc<[ImageName]>,
    /// The images of the workspace that its stages start from, and those that these start from, each behind what it
    /// starts from. One with mistakes is left out: nothing is known of it. Those of a base itself are not listed in it.
    pub bases: Vec<Arc<Image>>,
    /// Its whole spec, put together.
    pub node: Node,
    /// How its parts came to it.
    pub origins: Origins,
}

impl Image {
    /// The image of the workspace that is called `name`.
    pub fn sibling(&self, name: &str) -> Option<&ImageName> {
        self.images.binary_search_by(|known| known.as_str().cmp(name)).ok().map(|at| &self.images[at])
    }

    /// Its final stage, and before it those that it starts from, the lowest first.
    pub fn lineage(&self) -> Vec<&Stage> {
        let below = |stage: &&Stage| match &stage.from.base.value {
            Base::Stage(base) => {
                self.stages.iter().find(|below| below.name.as_ref().is_some_and(|name| name.value == *base))
            }
            Base::Scratch | Base::Registry(_) | Base::Image(_) => None,
        };
        let mut lineage: Vec<&Stage> =
            std::iter::successors(self.stages.last(), below).take(self.stages.len()).collect();
        lineage.reverse();
        lineage
    }

    /// Whether all is known of the images of the workspace that it stands on.
    pub fn knows_bases(&self) -> bool {
        let stages = self.stages.iter().chain(self.bases.iter().flat_map(|base| base.lineage()));
        stages.filter_map(base_image).all(|name| self.bases.iter().any(|base| base.name.value == name.value))
    }

    /// Its settings of rules and those of its stages.
    pub fn rule_settings(&self) -> impl Iterator<Item = &RuleSetting> {
        self.rules.iter().chain(self.stages.iter().flat_map(|stage| &stage.rules))
    }

    /// Its whole spec, put together, as it would be written: `${{` in a value stands for itself.
    pub fn rendered(&self) -> Node {
        let mut node = self.node.clone();
        write_out(std::slice::from_mut(&mut node));
        node
    }
}

fn write_out(nodes: &mut [Node]) {
    for node in nodes {
        for entry in node.args.iter_mut().chain(node.props.iter_mut().map(|prop| &mut prop.entry)) {
            if let Value::String(text) = &mut entry.value
                && text.contains("${{")
            {
                *text = text.replace("${{", "$${{ '{{' }}");
            }
        }
        write_out(node.children.as_deref_mut().unwrap_or_default());
    }
}

/// A stage, whole.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name; the final stage has none.
    pub name: Option<Spanned<StageName>>,
    /// Whether it is kept though nothing reaches it.
    pub keep: bool,
    /// What it starts from.
    pub from: From,
    /// Its own settings of rules.
    pub rules: Vec<RuleSetting>,
    /// Its body.
    pub body: Vec<Item>,
    /// The name of its node.
    pub span: Span,
}

/// The images of `files`, the workspace's own first, all put together. One with mistakes is told and left out; rules make
/// no images here, which only a workspace sees directories for.
pub fn resolve(files: Vec<SpecFile>, diagnostics: &mut Diagnostics) -> Vec<Image> {
    let plan = Plan::new(files, &[], diagnostics);
    plan.check_bodies(diagnostics);
    let images: Vec<Image> = plan.units.iter().filter_map(|unit| plan.resolve(unit, diagnostics).ok()).collect();
    let ties: Vec<Ties> = images.iter().filter_map(Ties::of).collect();
    plan.check_ties(&ties, diagnostics);
    images
}

impl Plan {
    /// Puts the image `unit` together. What is wrong with it is told with the way from its place to the image.
    pub fn resolve(&self, unit: &Unit, diagnostics: &mut Diagnostics) -> Result<Image, Reported> {
        let mut told = Diagnostics::new();
        let mut origins = Origins::default();
        let image = self.put_together(unit, &mut origins, &mut told);
        diagnostics.extend(told.map(|diagnostic| origins.trace(spec::placed(diagnostic))));
        let mut image = image?;
        image.origins = origins;
        image.bases = self.bases(&image.stages);
        match unit.failed.or(image.origins.failed()) {
            Some(reported) => Err(reported),
            None => Ok(image),
        }
    }

    /// Checks what images may draw from, whether any does or not: each mistake in it is told once, at its place.
    pub fn check_bodies(&self, diagnostics: &mut Diagnostics) {
        for (at, declaration) in self.declarations.iter().enumerate().filter(|(_, declaration)| declaration.is_shared())
        {
            let place = format!("`{}`", declaration.kind.as_str());
            spec::check_body(&declaration.nodes, &place, diagnostics);
            if declaration.kind == spec::Kind::Template && !declaration.is_abstract {
                self.check_whole(at, diagnostics);
            }
        }
    }

    /// Checks that a template which is not abstract is a whole image by itself.
    fn check_whole(&self, at: usize, diagnostics: &mut Diagnostics) {
        let declaration = &self.declarations[at];
        let Some(chain) = self.templates.chain_of_template(at) else { return };
        let bodies = || chain.iter().map(|link| &self.declarations[link.declaration]);
        let is_set = |param: &spec::Param| {
            param.default.is_some()
                || bodies().flat_map(|body| &body.settings).any(|setting| setting.name.value == param.name.value)
        };
        let hint = "give it one, or say of the template that it is `abstract=#true`";
        for param in bodies().flat_map(|body| &body.params).filter(|param| !is_set(param)) {
            let name = &param.name;
            let message = format!("`{}` has no default, and the template is not abstract", name.value);
            let span = if declaration.holds(name.span) { name.span } else { declaration.name_span };
            diagnostics.error(Diagnostic::error(&INCOMPLETE_TEMPLATE, span, message).hint(hint));
        }
        if !bodies().any(|body| body.nodes.iter().any(|node| node.name() == "from")) {
            let message = "the template does not say what it starts from, and is not abstract";
            let diagnostic = Diagnostic::error(&INCOMPLETE_TEMPLATE, declaration.name_span, message);
            diagnostics.error(diagnostic.hint("add a `from`, or say that it is `abstract=#true`"));
        }
    }

    /// The images of the workspace that `stages` start from, and those that these start from, each behind what it starts
    /// from.
    fn bases(&self, stages: &[Stage]) -> Vec<Arc<Image>> {
        let mut bases: Vec<Arc<Image>> = Vec::new();
        for name in stages.iter().filter_map(base_image) {
            let mut way: Vec<Arc<Image>> = Vec::new();
            let mut next = Some(name);
            while let Some(base) = next.and_then(|name| self.base(&name.value)) {
                // Those that start from each other in a ring are told elsewhere.
                if bases.iter().chain(&way).any(|known| Arc::ptr_eq(known, &base)) {
                    break;
                }
                next = base.lineage().first().and_then(|lowest| base_image(lowest));
                way.push(base);
            }
            bases.extend(way.into_iter().rev());
        }
        bases
    }

    /// The image `name`, put together once however many start from it; nothing if it has mistakes, which are told of
    /// it alone.
    fn base(&self, name: &ImageName) -> Option<Arc<Image>> {
        let at = *self.by_name.get(name)?;
        let unit = self.units.get(at).filter(|unit| unit.is_sound())?;
        if let Some(known) = self.bases.read().unwrap_or_else(PoisonError::into_inner).get(&at) {
            return known.clone();
        }
        let image = self.put_together(unit, &mut Origins::default(), &mut Diagnostics::new());
        let mut bases = self.bases.write().unwrap_or_else(PoisonError::into_inner);
        // Another worker may have been faster: the first one stays, so that there is one alone.
        bases.entry(at).or_insert(image.ok().map(Arc::new)).clone()
    }

    fn put_together(
        &self,
        unit: &Unit,
        origins: &mut Origins,
        diagnostics: &mut Diagnostics,
    ) -> Result<Image, Reported> {
        let merged = self.merged(unit, origins, diagnostics);
        let declaration = &self.declarations[unit.declaration];
        let (node, checked) = match merged {
            Ok(merged) => merged,
            Err(reported) => {
                // Its own body may have mistakes all the same.
                spec::check_body(&declaration.nodes, "`image`", diagnostics);
                return Err(reported);
            }
        };
        let image = spec::Image::decode(&node, diagnostics);
        let mut image = self.whole(unit, image?, node, diagnostics)?;
        checked?;
        for setting in image.rules.iter_mut().chain(image.stages.iter_mut().flat_map(|stage| &mut stage.rules)) {
            setting.shared |= !declaration.holds(setting.rule.span) || declaration.kind == spec::Kind::Rule;
        }
        Ok(image)
    }

    /// The node `image` of `unit`, put together from all it draws from, and whether that went without mistakes.
    fn merged(
        &self,
        unit: &Unit,
        origins: &mut Origins,
        diagnostics: &mut Diagnostics,
    ) -> Result<(Node, Result<(), Reported>), Reported> {
        let declaration = &self.declarations[unit.declaration];
        *origins = Origins::new(self, unit, vec![Link { declaration: unit.declaration, named_by: None }]);
        let chain = self.templates.chain(unit.declaration, &self.declarations, diagnostics)?;
        let layers = layers::layers(self, unit, &chain, diagnostics);
        *origins = Origins::new(self, unit, chain);
        let (layers, scope) = layers?;
        let merged = merge::merge(layers, diagnostics);
        origins.complete(scope, merged.overrides);
        let value = Value::String(unit.name.value.as_str().to_owned());
        let name = Entry { annotation: None, value, written: Written::default(), span: unit.name.span };
        let node = Node {
            annotation: None,
            name: Spanned::new(spec::Image::SHAPE.name.to_owned(), declaration.name_span),
            args: vec![name],
            props: Vec::new(),
            children: Some(merged.nodes),
            span: declaration.span,
        };
        Ok((node, merged.checked))
    }

    fn whole(
        &self,
        unit: &Unit,
        image: spec::Image,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Result<Image, Reported> {
        let directory = unit.directory.to_string();
        let context = match &image.context {
            None => Ok(directory.clone()),
            Some(written) => normalize(&joined(&directory, &written.value))
                .filter(|_| !written.value.starts_with('/'))
                .ok_or_else(|| {
                    let message = format!("the build context `{}` leaves the workspace", written.value);
                    diagnostics.error(Diagnostic::error(&PATH_ESCAPE, written.span, message))
                }),
        };
        let stages = stages::resolve(&image, diagnostics);
        let bases = stages.as_ref().map_or(Ok(()), |stages| self.check_bases(stages, diagnostics));
        let workspace = self.workspace.iter().flat_map(|workspace| &workspace.rules.settings);
        let rules = workspace.chain(&image.rules).cloned().collect();
        let (context, stages) = (context?, stages?);
        bases?;
        Ok(Image {
            name: unit.name.clone(),
            spec: unit.spec.to_string(),
            directory,
            output: unit.output.to_string(),
            context,
            platforms: image.platforms.iter().map(|platform| platform.value.clone()).collect(),
            baking: image.baking,
            rules,
            pinning: self.workspace.as_ref().map(|workspace| Arc::clone(&workspace.pinning)).unwrap_or_default(),
            stages,
            images: Arc::clone(&self.known),
            bases: Vec::new(),
            node,
            origins: Origins::default(),
        })
    }

    fn check_bases(&self, stages: &[Stage], diagnostics: &mut Diagnostics) -> Result<(), Reported> {
        let mut checked = Ok(());
        for name in stages.iter().filter_map(base_image).filter(|name| !self.by_name.contains_key(&name.value)) {
            let message = format!("there is no image `{}` in the workspace", name.value);
            let diagnostic = Diagnostic::error(&UNKNOWN_IMAGE, name.span, message);
            let diagnostic = diagnostic.did_you_mean(name.value.as_str(), self.known.iter().map(ImageName::as_str));
            checked = Err(diagnostics.error(diagnostic));
        }
        checked
    }
}

#[cfg(test)]
mod tests;

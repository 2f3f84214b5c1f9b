//! What images there are, before any is put together: their names, their places, the row of a matrix each is made for, and
//! what each draws from. Cheap, so that a workspace of many images can be looked over, and few of them resolved.

use super::Image;
use super::expression::{Filters, expand_entry, expand_text};
use super::scope::Scope;
use super::templates::Templates;
use crate::base::{FileId, ImageName, Invalid, LOCK, MANIFEST, Span, Spanned, directory_of, joined, normalize};
use crate::diagnostic::codes::{
    AMBIGUOUS_RULE, DUPLICATE_NAME, INVALID_VALUE, MISPLACED_NODE, MISSING_ARGUMENT, OUTPUT_CONFLICT, PATH_ESCAPE,
    WRONG_TYPE,
};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::{self, Bound, Declaration, Document, Kind};
use crate::syntax::{Entry, Node, Ty, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, RwLock};

/// A file of the workspace, its declarations read.
#[derive(Debug)]
pub struct SpecFile {
    /// Its path from the workspace's root.
    pub path: Arc<str>,
    /// What it holds.
    pub document: Document,
}

impl SpecFile {
    /// The file `path` with these nodes.
    pub fn decode(path: &str, nodes: Vec<Node>, diagnostics: &mut Diagnostics) -> Self {
        Self { path: path.into(), document: spec::decode(nodes, diagnostics) }
    }

    /// The globs of the rules it holds, in order.
    pub fn rule_globs(&self) -> impl Iterator<Item = &Spanned<String>> {
        self.document.declarations.iter().filter_map(|declaration| declaration.matches.as_ref())
    }
}

/// The images of a workspace, none of them put together yet.
#[derive(Debug, Default)]
pub struct Plan {
    /// The images, in order of files, those of rules last, in order of directories.
    pub units: Vec<Unit>,
    /// What the workspace says of all.
    pub workspace: Option<spec::Workspace>,
    pub(super) declarations: Arc<[Declaration]>,
    pub(super) templates: Templates,
    /// The names of all images.
    pub(super) known: Arc<[ImageName]>,
    /// The unit of each name.
    pub(super) by_name: BTreeMap<ImageName, usize>,
    /// What the expressions of all images can use.
    filters: Filters,
    /// The images that others start from, as far as they were asked for, by their units.
    pub(super) bases: RwLock<BTreeMap<usize, Option<Arc<Image>>>>,
}

/// An image to be put together.
#[derive(Debug)]
pub struct Unit {
    /// Its name.
    pub name: Spanned<ImageName>,
    /// The path of the spec that declares it, from the workspace's root.
    pub spec: Arc<str>,
    /// The file of that spec.
    pub file: FileId,
    /// The directory it is an image of, from the workspace's root, empty for the root itself.
    pub directory: Arc<str>,
    /// The path of its Dockerfile from the workspace's root.
    pub output: Arc<str>,
    /// Its declaration.
    pub(super) declaration: usize,
    /// The values of its axes.
    pub(super) axes: Scope,
    /// Why it cannot be put together, if that is known already.
    pub(super) failed: Option<Reported>,
}

impl Unit {
    /// Whether nothing is wrong with it yet.
    pub fn is_sound(&self) -> bool {
        self.failed.is_none()
    }
}

/// The output of an image whose workspace does not say where it goes.
const DOCKERFILE: &str = "Dockerfile";

impl Plan {
    /// The images of `files`, the workspace's own first. `matches` are the directories that the rules match, in the order
    /// of [`SpecFile::rule_globs`] over the files.
    pub fn new(files: Vec<SpecFile>, matches: &[Vec<String>], diagnostics: &mut Diagnostics) -> Self {
        let mut plan = Self { filters: Filters::shared(), ..Self::default() };
        let mut declarations = Vec::new();
        let mut places = Vec::new();
        let mut matches = matches.iter();
        for (at, file) in files.into_iter().enumerate() {
            if let Some(workspace) = file.document.workspace {
                if at == 0 {
                    plan.workspace = Some(workspace);
                } else {
                    diagnostics.error(misplaced("workspace", workspace.span));
                }
            }
            for declaration in file.document.declarations {
                if at > 0 && matches!(declaration.kind, Kind::Defaults | Kind::Rule) {
                    diagnostics.error(misplaced(declaration.kind.as_str(), declaration.name_span));
                    continue;
                }
                let matched = declaration.matches.as_ref().and_then(|_| matches.next());
                places.push((Arc::clone(&file.path), matched));
                declarations.push(declaration);
            }
        }
        plan.declarations = declarations.into();
        plan.templates = Templates::new(&plan.declarations, diagnostics);
        let mut units = Vec::new();
        let declarations = plan.declarations.iter().zip(&places).enumerate();
        for (at, (declaration, (path, _))) in declarations.filter(|(_, (found, _))| found.kind == Kind::Image) {
            let directory: Arc<str> = directory_of(path).into();
            let made = plan.units_of(at, declaration, path, &directory, diagnostics);
            if made.is_empty() {
                // It has no name to be put together under, and its body may have mistakes all the same.
                spec::check_body(&declaration.nodes, "`image`", diagnostics);
            }
            units.extend(made);
        }
        plan.units = units;
        let ruled = plan.ruled(&places, diagnostics);
        plan.units.extend(ruled);
        plan.index(diagnostics);
        plan
    }

    /// The files that `unit` stands in and draws from.
    pub fn files(&self, unit: &Unit) -> Vec<FileId> {
        let reached = self.templates.reached(unit.declaration, &self.declarations).into_iter();
        reached.map(|at| self.declarations[at].span.file).chain([unit.file]).collect()
    }

    /// The unit of that name.
    pub fn unit(&self, name: &str) -> Option<&Unit> {
        let at = self.by_name.get(&ImageName::parse(name).ok()?)?;
        self.units.get(*at)
    }

    /// The images of rules.
    fn ruled(&self, places: &[(Arc<str>, Option<&Vec<String>>)], diagnostics: &mut Diagnostics) -> Vec<Unit> {
        let taken: BTreeSet<&str> = self.units.iter().map(|unit| &*unit.directory).collect();
        let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, (_, matched)) in places.iter().enumerate() {
            let Some(matched) = matched else { continue };
            for directory in matched.iter().filter(|directory| !taken.contains(directory.as_str())) {
                match rules.get(directory.as_str()) {
                    None => {
                        rules.insert(directory, at);
                    }
                    Some(first) => {
                        let [first, second] = [*first, at].map(|rule| &self.declarations[rule]);
                        let message = format!("two rules make an image of `{directory}`");
                        let span = second.matches.as_ref().map_or(second.name_span, |glob| glob.span);
                        let other = first.matches.as_ref().map_or(first.name_span, |glob| glob.span);
                        let diagnostic = Diagnostic::error(&AMBIGUOUS_RULE, span, message).also(other, "the other");
                        diagnostics.error(diagnostic.hint("narrow one of the globs, or write an image.kdl there"));
                    }
                }
            }
        }
        let mut units = Vec::new();
        for (directory, at) in rules {
            let (path, _) = &places[at];
            units.extend(self.units_of(at, &self.declarations[at], path, &directory.into(), diagnostics));
        }
        units
    }

    /// The images of a declaration in `directory`: one, or one for each row of its matrix.
    fn units_of(
        &self,
        at: usize,
        declaration: &Declaration,
        path: &Arc<str>,
        directory: &Arc<str>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Unit> {
        let mut scope = Scope::with(&self.filters);
        bind_directory(&mut scope, directory, declaration.name_span);
        let rows = declaration.matrix.as_ref().map_or_else(|| vec![Vec::new()], spec::Matrix::rows);
        let mut units = Vec::new();
        for row in rows {
            let Ok(axes) = axes(declaration, &row, &scope, diagnostics) else { continue };
            let mut named = scope.clone();
            for binding in axes.iter() {
                named.bind(&binding.name, binding.value.clone(), binding.span);
            }
            // Axes with a mistake are not there, and what misses them has no other.
            let mut unheard = Diagnostics::new();
            let told = if declaration.failed.is_some() { &mut unheard } else { &mut *diagnostics };
            let Ok(name) = name(declaration, directory, &named, told) else { continue };
            let output = self.output(&name, directory, &named, diagnostics);
            let failed = declaration.failed.or(output.as_ref().err().copied());
            let output = output.unwrap_or_else(|_| DOCKERFILE.to_owned());
            units.push(Unit {
                spec: Arc::clone(path),
                file: declaration.span.file,
                directory: Arc::clone(directory),
                output: output.into(),
                declaration: at,
                axes,
                failed,
                name,
            });
        }
        units
    }

    /// Where the Dockerfile of an image goes.
    fn output(
        &self,
        name: &Spanned<ImageName>,
        directory: &str,
        scope: &Scope,
        diagnostics: &mut Diagnostics,
    ) -> Result<String, Reported> {
        let pattern = self.workspace.as_ref().and_then(|workspace| workspace.output.as_ref());
        let Some(pattern) = pattern else {
            return Ok(joined(directory, DOCKERFILE));
        };
        let mut scope = scope.clone();
        scope.bind("image", Bound::text(name.value.as_str()), name.span);
        let path = expand_text(pattern, &scope, diagnostics)?;
        let normal = normalize(&path).filter(|normal| !normal.is_empty() && !path.starts_with('/'));
        normal.filter(|normal| !path.ends_with('/') && ![LOCK, MANIFEST].contains(&normal.as_str())).ok_or_else(|| {
            let message = format!("the output `{path}` is no file below the workspace's root");
            diagnostics.error(Diagnostic::error(&PATH_ESCAPE, pattern.span, message))
        })
    }

    /// Tells images of one name and of one output, which are not put together.
    fn index(&mut self, diagnostics: &mut Diagnostics) {
        // Sorted rather than put into trees one by one: most come nearly in order.
        let mut named: Vec<(&ImageName, usize)> =
            self.units.iter().enumerate().map(|(at, unit)| (&unit.name.value, at)).collect();
        named.sort();
        let same = named.chunk_by(|(one, _), (other, _)| one == other);
        let later = same.flat_map(|same| same[1..].iter().map(|(_, at)| (*at, same[0].1)));
        let firsts: BTreeMap<usize, usize> = later.collect();
        let specs: BTreeSet<&str> = self.units.iter().map(|unit| &*unit.spec).collect();
        let mut outputs: Vec<(&str, usize)> = Vec::with_capacity(self.units.len());
        let mut doubled: BTreeMap<usize, Reported> = BTreeMap::new();
        for (at, unit) in self.units.iter().enumerate() {
            if let Some(first) = firsts.get(&at).map(|first| &self.units[*first]) {
                let message = format!("there are two images `{}`", unit.name.value);
                let diagnostic = Diagnostic::error(&DUPLICATE_NAME, unit.name.span, message);
                let diagnostic = match first.declaration == unit.declaration {
                    true => diagnostic.hint(one_declaration_hint(&self.declarations[unit.declaration], unit, first)),
                    false => diagnostic.also(first.name.span, "the other"),
                };
                doubled.insert(at, diagnostics.error(diagnostic));
                continue;
            }
            if unit.failed.is_some() {
                continue;
            }
            if specs.contains(&*unit.output) {
                let message =
                    format!("`{}` compiles to its own spec, or another's: `{}`", unit.name.value, unit.output);
                doubled.insert(at, diagnostics.error(Diagnostic::error(&OUTPUT_CONFLICT, unit.name.span, message)));
            }
            outputs.push((&unit.output, at));
        }
        outputs.sort();
        for same in outputs.chunk_by(|(one, _), (other, _)| one == other).filter(|same| same.len() > 1) {
            let makers: Vec<usize> = same.iter().map(|(_, at)| *at).collect();
            let reported = diagnostics.error(self.output_conflict(same[0].0, &makers));
            doubled.extend(makers.iter().map(|at| (*at, reported)));
        }
        if let Some(bake) = self.workspace.as_ref().and_then(|workspace| workspace.bake.as_ref()) {
            let is_bake =
                |output: &str| output == bake.value || bake.value.strip_suffix(".dockerignore") == Some(output);
            for (at, unit) in self.units.iter().enumerate().filter(|(_, unit)| is_bake(&unit.output)) {
                let message = format!("the bake file `{}` is what `{}` compiles to", bake.value, unit.name.value);
                let diagnostic = Diagnostic::error(&OUTPUT_CONFLICT, bake.span, message);
                doubled.insert(at, diagnostics.error(diagnostic.also(unit.name.span, "the image")));
            }
        }
        self.known = named.iter().map(|(name, _)| (*name).clone()).collect();
        named.dedup_by(|(name, _), (first, _)| name == first);
        self.by_name = named.into_iter().map(|(name, at)| (name.clone(), at)).collect();
        for (at, reported) in doubled {
            self.units[at].failed = Some(reported);
        }
    }

    /// That the images `makers` all compile to `output`.
    fn output_conflict(&self, output: &str, makers: &[usize]) -> Diagnostic {
        let images: Vec<&Unit> = makers.iter().map(|at| &self.units[*at]).collect();
        let (first, second) = (images[0], images[1]);
        let message = match makers.len() {
            2 => format!("`{}` and `{}` both compile to `{output}`", first.name.value, second.name.value),
            count => format!("{count} images compile to `{output}`"),
        };
        let mut diagnostic = Diagnostic::error(&OUTPUT_CONFLICT, second.name.span, message);
        if first.name.span != second.name.span {
            diagnostic = diagnostic.also(first.name.span, "the other");
        }
        if images.len() > 2 {
            diagnostic.images = images.iter().map(|unit| Arc::from(unit.name.value.as_str())).collect();
        }
        diagnostic.hint("give each a file of its own, in the workspace: output \"${{ dir }}/${{ image }}.Dockerfile\"")
    }
}

fn one_declaration_hint(declaration: &Declaration, unit: &Unit, first: &Unit) -> String {
    match (&declaration.matrix, declaration.kind) {
        (Some(matrix), _) if unit.directory == first.directory => {
            let axes = matrix.axes.iter().map(|axis| format!("${{{{ {} }}}}", axis.name.value));
            format!("name them after their row, with {}", axes.collect::<Vec<_>>().join(", "))
        }
        (_, Kind::Rule) => format!(
            "they are of `{}` and `{}`: name them after their directory, as in name=\"${{{{ dir | replace('/', '-') }}}}\"",
            first.directory, unit.directory
        ),
        _ => "give each a name of its own".to_owned(),
    }
}

fn misplaced(node: &str, span: Span) -> Diagnostic {
    let message = format!("`{node}` stands in the workspace's own file, and this is a member");
    Diagnostic::error(&MISPLACED_NODE, span, message).hint("move it to imgspec.kdl")
}

/// Gives `dir` its value: the directory from the workspace's root, `.` for the root itself.
pub(super) fn bind_directory(scope: &mut Scope, directory: &str, span: Span) {
    scope.bind("dir", Bound::text(if directory.is_empty() { "." } else { directory }), span);
}

/// The values of the axes in `row`.
fn axes(
    declaration: &Declaration,
    row: &[&Entry],
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Result<Scope, Reported> {
    let mut axes = Scope::with(&scope.filters);
    let names = declaration.matrix.iter().flat_map(|matrix| &matrix.axes);
    for (axis, value) in names.zip(row) {
        let values = expand_entry(value, Ty::Any, scope, diagnostics)?;
        let [one] = values.as_slice() else {
            let message = format!("the axis `{}` takes one value a row, and this is a list", axis.name.value);
            return Err(diagnostics.error(Diagnostic::error(&WRONG_TYPE, value.span, message)));
        };
        axes.bind(axis.name.value.as_str(), Bound::One(one.value.clone()), value.span);
    }
    Ok(axes)
}

/// The name of an image of `declaration`.
fn name(
    declaration: &Declaration,
    directory: &str,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Result<Spanned<ImageName>, Reported> {
    let place = declaration.matches.as_ref().map_or(declaration.name_span, |glob| glob.span);
    let (text, span) = match &declaration.name {
        Some(entry) if matches!(entry.value, Value::String(_)) => (expand_text(entry, scope, diagnostics)?, entry.span),
        Some(entry) => {
            let message = format!("the argument of `image` must be an image name, found {}", entry.written());
            return Err(diagnostics.error(Diagnostic::error(&WRONG_TYPE, entry.span, message)));
        }
        None if declaration.kind == Kind::Image => {
            // Told when it was decoded; this is for the type alone.
            let message = "`image` needs an argument: an image name";
            return Err(declaration
                .failed
                .unwrap_or_else(|| diagnostics.error(Diagnostic::error(&MISSING_ARGUMENT, place, message))));
        }
        None => (directory.rsplit('/').next().unwrap_or_default().to_owned(), place),
    };
    match ImageName::parse(&text) {
        Ok(name) => Ok(Spanned::new(name, span)),
        Err(Invalid(reason)) => {
            let diagnostic = Diagnostic::error(&INVALID_VALUE, span, reason);
            Err(diagnostics.error(match declaration.name {
                Some(_) => diagnostic,
                None => {
                    diagnostic.hint(format!("it is of `{directory}`: name it, as in name=\"${{{{ dir | lower }}}}\""))
                }
            }))
        }
    }
}

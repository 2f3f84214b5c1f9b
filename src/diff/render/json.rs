//! For programs: `docs/diff.schema.json` says what each word means.

use super::phrases::comings_and_goings;
use crate::diff::words::words;
use crate::diff::{Cause, Change, Difference, Finding, ImageDiff, Kind, Place, StageVerdict};
use serde::Serialize;

/// The version of the form: another one where a program that reads it must be another one.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'d> {
    format_version: u32,
    before: &'d str,
    after: &'d str,
    summary: Summary,
    causes: Vec<CauseEntry<'d>>,
    images: Vec<ImageEntry<'d>>,
    failed: Vec<Failed<'d>>,
}

#[derive(Serialize)]
struct Summary {
    images: usize,
    changed: usize,
    added: usize,
    removed: usize,
    renamed: usize,
    affected: usize,
    respecified: usize,
    failed: usize,
}

#[derive(Serialize)]
struct CauseEntry<'d> {
    place: &'d Place,
    representative: &'d str,
    images: Vec<&'d str>,
    groups: Vec<GroupEntry<'d>>,
}

#[derive(Serialize)]
struct GroupEntry<'d> {
    images: Vec<&'d str>,
    changes: Vec<ChangeEntry<'d>>,
}

#[derive(Serialize)]
struct ChangeEntry<'d> {
    text: String,
    #[serde(flatten)]
    change: &'d Change,
}

#[derive(Serialize)]
struct ImageEntry<'d> {
    name: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_before: Option<&'d str>,
    spec: &'d str,
    output: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_before: Option<&'d str>,
    kind: Kind,
    affected: bool,
    security: Vec<&'d Finding>,
    changes: Vec<ChangeEntry<'d>>,
    cache: &'d [StageVerdict],
    inputs: &'d [String],
    bases: &'d [String],
}

#[derive(Serialize)]
struct Failed<'d> {
    name: &'d str,
    side: &'d str,
}

/// All of the difference.
pub fn json(difference: &Difference) -> String {
    let document = Document {
        format_version: FORMAT_VERSION,
        before: &difference.sides[0],
        after: &difference.sides[1],
        summary: summary(difference),
        causes: difference.causes.iter().map(|cause| of_cause(difference, cause)).collect(),
        images: difference.images.iter().map(of_image).collect(),
        failed: difference.failed.iter().map(|(name, side)| Failed { name, side }).collect(),
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

#[derive(Serialize)]
struct Affected<'d> {
    format_version: u32,
    before: &'d str,
    after: &'d str,
    images: Vec<AffectedImage<'d>>,
    removed: Vec<&'d str>,
    failed: Vec<Failed<'d>>,
}

#[derive(Serialize)]
struct AffectedImage<'d> {
    name: &'d str,
    spec: &'d str,
    output: &'d str,
    why: Vec<String>,
}

/// The images of which a build makes other ones. `why` says why that is of one.
pub fn affected(difference: &Difference, why: &dyn Fn(&ImageDiff) -> Vec<String>) -> String {
    let document = Affected {
        format_version: FORMAT_VERSION,
        before: &difference.sides[0],
        after: &difference.sides[1],
        images: difference
            .affected()
            .map(|image| AffectedImage { name: &image.name, spec: &image.spec, output: &image.output, why: why(image) })
            .collect(),
        removed: difference.of_kind(Kind::Removed).map(|image| image.name.as_str()).collect(),
        failed: difference.failed.iter().map(|(name, side)| Failed { name, side }).collect(),
    };
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn summary(difference: &Difference) -> Summary {
    let count = |kind| difference.of_kind(kind).count();
    Summary {
        images: difference.all,
        changed: count(Kind::Changed),
        added: count(Kind::Added),
        removed: count(Kind::Removed),
        renamed: comings_and_goings(difference).iter().filter(|(sign, ..)| *sign == '~').count(),
        affected: difference.affected().count(),
        respecified: difference.respecified,
        failed: difference.failed.len(),
    }
}

fn of_cause<'d>(difference: &'d Difference, cause: &'d Cause) -> CauseEntry<'d> {
    let name = |at: &usize| difference.images[*at].name.as_str();
    let group = |group: &'d crate::diff::Group| GroupEntry {
        images: group.images.iter().map(name).collect(),
        changes: group.changes.iter().map(entry).collect(),
    };
    CauseEntry {
        place: &cause.place,
        representative: name(&cause.groups[0].images[0]),
        images: cause.images.iter().map(name).collect(),
        groups: cause.groups.iter().map(group).collect(),
    }
}

fn of_image(image: &ImageDiff) -> ImageEntry<'_> {
    ImageEntry {
        name: &image.name,
        name_before: image.name_before.as_deref(),
        spec: &image.spec,
        output: &image.output,
        output_before: image.output_before.as_deref(),
        kind: image.kind,
        affected: image.is_affected(),
        security: image.findings.iter().map(|(_, finding)| finding).collect(),
        // What a new image has is all new.
        changes: match image.kind {
            Kind::Added | Kind::Removed => Vec::new(),
            Kind::Changed | Kind::Identical => image.changes.iter().map(|(change, _)| entry(change)).collect(),
        },
        cache: &image.verdict,
        inputs: &image.inputs,
        bases: &image.bases,
    }
}

fn entry(change: &Change) -> ChangeEntry<'_> {
    ChangeEntry { text: words(change), change }
}

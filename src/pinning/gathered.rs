//! What all images ask of the lock, each thing once.

use crate::base::{ImageRef, Span};
use crate::graph::{Request, Requests};
use crate::lock::Wanted;
use crate::spec::Pinning;
use std::collections::BTreeMap;

/// What an image asks of the lock.
#[derive(Debug)]
pub struct Wish {
    /// What it asks.
    pub requests: Requests,
    /// Where the workspace's pins come from.
    pub pinning: std::sync::Arc<Pinning>,
}

/// Something that is asked for.
#[derive(Debug)]
pub(super) struct Want<T> {
    /// What.
    pub what: T,
    /// Where it is asked for, the first place.
    pub span: Span,
    /// How many images ask for it.
    pub images: usize,
    /// The last of them, by number.
    last: usize,
}

/// What all images ask for.
#[derive(Debug)]
pub(super) struct Gathered<'w> {
    pub bases: BTreeMap<String, Want<ImageRef>>,
    pub fetches: BTreeMap<String, Want<()>>,
    pub commits: BTreeMap<(String, String), Want<()>>,
    pub closures: Vec<Want<&'w Request>>,
    /// The numbers of closures.
    pub by_wanted: BTreeMap<&'w Wanted, usize>,
    /// Where the workspace's pins come from.
    pub pinning: std::sync::Arc<Pinning>,
}

impl<'w> Gathered<'w> {
    pub fn of(wishes: &'w [Wish]) -> Self {
        let mut gathered = Self {
            bases: BTreeMap::new(),
            fetches: BTreeMap::new(),
            commits: BTreeMap::new(),
            closures: Vec::new(),
            by_wanted: BTreeMap::new(),
            pinning: wishes.first().map(|wish| wish.pinning.clone()).unwrap_or_default(),
        };
        for (image, wish) in wishes.iter().enumerate() {
            let requests = &wish.requests;
            for (base, span) in &requests.bases {
                add(&mut gathered.bases, base.to_string(), base.clone(), *span, image);
            }
            for (url, span) in &requests.fetches {
                add(&mut gathered.fetches, url.clone(), (), *span, image);
            }
            for (key, span) in &requests.commits {
                add(&mut gathered.commits, key.clone(), (), *span, image);
            }
            for request in &requests.closures {
                let base = &request.base;
                add(&mut gathered.bases, base.to_string(), base.clone(), request.base_span, image);
                match gathered.by_wanted.get(&request.wanted) {
                    Some(at) => gathered.closures[*at].again(image),
                    None => {
                        gathered.by_wanted.insert(&request.wanted, gathered.closures.len());
                        let span = request.places.values().next().copied().unwrap_or(request.base_span);
                        gathered.closures.push(Want { what: request, span, images: 1, last: image });
                    }
                }
            }
        }
        gathered
    }
}

impl<T> Want<T> {
    fn again(&mut self, image: usize) {
        if self.last != image {
            self.images += 1;
            self.last = image;
        }
    }
}

fn add<K: Ord, T>(map: &mut BTreeMap<K, Want<T>>, key: K, what: T, span: Span, image: usize) {
    map.entry(key).and_modify(|want| want.again(image)).or_insert(Want { what, span, images: 1, last: image });
}

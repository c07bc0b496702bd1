use std::path::{Path, PathBuf};
use std::sync::Arc;

use notify::{
    Event, RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher,
};
use tokio::sync::Notify;

/// What the pages are made of. The folder that is built into is not among
/// them, or each build would cause the next.
const FOLDERS: [&str; 3] = ["book", "listings", "exercises"];
const FILES: [&str; 2] = ["book.toml", "README.md"];

/// Notifies of each change to what the pages are made of, until the watcher
/// that it returns is dropped.
pub fn watch(
    root: &Path,
    changes: Arc<Notify>,
) -> notify::Result<RecommendedWatcher> {
    // The kernel names a file by the path of the folder that it watches.
    let root = root.canonicalize()?;
    let files = FILES.map(|name| root.join(name));
    let top = root.clone();
    let mut watcher = recommended_watcher(move |event| match event {
        Ok(event) if is_change(&event, &top, &files) => changes.notify_one(),
        Ok(_) => {}
        Err(error) => eprintln!("cannot watch the book: {error}"),
    })?;
    // The folder and not its files: an editor may save to a new file that
    // takes the old one's name, and a watch stays with the old one.
    watcher.watch(&root, RecursiveMode::NonRecursive)?;
    for name in FOLDERS {
        let folder = root.join(name);
        if folder.is_dir() {
            watcher.watch(&folder, RecursiveMode::Recursive)?;
        }
    }
    Ok(watcher)
}

/// Whether a page may look different after that.
fn is_change(event: &Event, root: &Path, files: &[PathBuf]) -> bool {
    // A build reads the chapters, and shall not cause the next build.
    if event.kind.is_access() {
        return false;
    }
    // No path: the kernel lost some events, so anything may have changed.
    event.need_rescan()
        || event.paths.iter().any(|path| {
            let inside = path.parent() != Some(root) && path != root;
            (inside || files.contains(path)) && !is_scratch(path)
        })
}

/// The files in which editors keep what is not saved yet.
fn is_scratch(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.ends_with('~')
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind, EventKind, Flag};

    use super::*;

    #[track_caller]
    fn judge(event: Event, path: &str, wanted: bool) {
        let root = Path::new("/r");
        let files = FILES.map(|name| root.join(name));
        let event = event.add_path(root.join(path));
        assert_eq!(is_change(&event, root, &files), wanted, "{path}");
    }

    #[test]
    fn only_what_may_change_a_page_is_a_change() {
        let created = || Event::new(EventKind::Create(CreateKind::File));
        for (path, wanted) in [
            ("book/fork.md", true),
            ("book/recorded/fork.txt", true),
            ("listings/fork/src/main.rs", true),
            ("book.toml", true),
            ("README.md", true),
            ("Cargo.lock", false),
            ("target", false),
            ("book/.fork.md.swp", false),
            ("book/fork.md~", false),
        ] {
            judge(created(), path, wanted);
        }
        let read = Event::new(EventKind::Access(AccessKind::Any));
        judge(read, "book/fork.md", false);
    }

    #[test]
    fn lost_events_are_a_change() {
        let lost = Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert!(is_change(&lost, Path::new("/r"), &[]));
    }
}

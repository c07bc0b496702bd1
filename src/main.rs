//! The command `unblocked`: serves the book, checks it, and records its runs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use tracing_subscriber::filter::LevelFilter;
use unblocked::book::{
    self,
    check::{RULES, Repository},
};
use unblocked::live;
use unblocked::record;

const EXAMPLES: &str = "\
Examples:
  cargo run                       the book, on http://127.0.0.1:3000/
  cargo run -- --open             the same, in your browser
  cargo run -- serve --port 0     on a port that is free
  cargo run -- check              look for broken includes, links, promises
  cargo run -- lab fork /block-server /fast-one
                                  watch two requests and who answers them
  cargo run --release -- record   perform all scenarios for the pages";

/// Child processes, clusters and worker threads in Rust: the book.
#[derive(Parser)]
#[command(
    version,
    after_help = EXAMPLES,
    args_conflicts_with_subcommands = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: Serve,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the book, and again after each save [default].
    Serve(Serve),
    /// Check the pages, and what the repository promises of itself.
    Check,
    /// Start a listing, send it requests, and watch who waits and who works.
    Lab(live::Arguments),
    /// Perform scenarios, and write their figures, transcripts and facts.
    Record(Record),
}

#[derive(clap::Args)]
struct Record {
    /// Which scenarios; all unless said.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Print the scenarios and what they show.
    #[arg(long, exclusive = true)]
    list: bool,
    /// Look whether what was recorded still follows from its traces.
    #[arg(long, exclusive = true)]
    check: bool,
    /// Go on with the next scenario when one fails.
    #[arg(long)]
    keep_going: bool,
}

#[derive(clap::Args)]
struct Serve {
    /// The port on 127.0.0.1; 0 picks one that is free.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Show the book in your browser.
    #[arg(long)]
    open: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // mdBook's warnings; its progress is nobody's business.
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .without_time()
        .init();
    let Err(problem) = run(arguments) else { return ExitCode::SUCCESS };
    eprintln!("{problem:#}");
    ExitCode::FAILURE
}

fn run(arguments: Arguments) -> Result<()> {
    let root = root()?;
    match arguments.command.unwrap_or(Command::Serve(arguments.serve)) {
        Command::Serve(Serve { port, open }) => {
            Ok(book::serve(&root, port, open)?)
        }
        Command::Check => check(&root),
        Command::Lab(arguments) => live::run(&arguments),
        Command::Record(Record { list: true, .. }) => {
            record::command::list();
            Ok(())
        }
        Command::Record(Record { check: true, .. }) => {
            record::command::check(&root)
        }
        Command::Record(Record { names, keep_going, .. }) => {
            record::command::record(&root, &names, keep_going)
        }
    }
}

fn check(root: &Path) -> Result<()> {
    let repository = Repository::open(root);
    let mut count = 0;
    for (name, rule) in RULES {
        let problems = rule(&repository);
        println!("{name}: {}", if problems.is_empty() { "ok" } else { "no" });
        for problem in &problems {
            eprintln!("{problem}");
        }
        count += problems.len();
    }
    match count {
        0 => Ok(()),
        1 => bail!("one problem"),
        count => bail!("{count} problems"),
    }
}

/// The nearest folder above that has a book, or else the one that this was
/// built in.
fn root() -> Result<PathBuf> {
    let here = env::current_dir()?;
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = here.ancestors().chain([built]);
    match { folders }.find(|folder| folder.join("book.toml").is_file()) {
        Some(folder) => Ok(folder.to_owned()),
        None => bail!(
            "no book.toml in {} or above; go to a checkout of the book",
            here.display()
        ),
    }
}

//! The command `unblocked lab`, as a reader and a script use it.

mod arguments;
mod fake; // A listing that does what no listing of the book does.
mod interrupt;
mod json;
mod plain;
mod running; // The command, which never outlives its test.
mod terminal;

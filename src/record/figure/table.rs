//! The numbers of a run, to be read one by one.

use std::fmt::Write;

use super::{Trace, Workers, escape, seconds, words};
use crate::record::trace::Connection;

/// Writes the table of the requests, and one of the events if there are any.
pub fn write(html: &mut String, trace: &Trace) {
    let workers = Workers::of(trace);
    *html += "<details class=\"numbers\">\n\
              <summary>The numbers, in seconds</summary>\n\
              <div class=\"scroll\" tabindex=\"0\" role=\"group\" \
              aria-label=\"The numbers\">\n<table>\n<thead><tr>";
    for head in [
        "Client",
        "Path",
        "Connection",
        "Sent",
        "Started",
        "Answered",
        "Status",
        "By",
    ] {
        let _ = write!(html, "<th scope=\"col\">{head}</th>");
    }
    *html += "</tr></thead>\n<tbody>\n";
    for request in &trace.requests {
        let connection = match request.connection {
            Connection::Fresh => "fresh",
            Connection::Kept => "kept",
        };
        let started = match request.started {
            Some(started) => seconds(started),
            None => "not said".into(),
        };
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{connection}</td>\
             <td>{}</td><td>{started}</td><td>{}</td><td>{}</td><td>{}</td>\
             </tr>",
            escape(&request.client),
            escape(&request.path),
            seconds(request.sent),
            seconds(request.answered),
            request.status,
            workers.name(request),
        );
    }
    *html += "</tbody>\n</table>\n";
    if !trace.events.is_empty() {
        *html += "<table>\n<thead><tr><th scope=\"col\">At</th>\
                  <th scope=\"col\">What happened</th></tr></thead>\n<tbody>\n";
        for event in &trace.events {
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td>{}</td></tr>",
                seconds(event.at),
                escape(&words::event(event))
            );
        }
        *html += "</tbody>\n</table>\n";
    }
    *html += "</div>\n</details>\n";
}

//! The script and the style, and that its colours can be seen.

use std::fs;

use crate::built::BOOK;

pub const CSS: &str = include_str!("../../book/theme/figure.css");
pub const OTHER_CSS: &str = include_str!("../../book/theme/unblocked.css");
pub const SCRIPT: &str = include_str!("../../book/theme/figure.js");

/// mdBook's themes.
const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

/// WCAG 2.2, success criterion 1.4.11: what a mark needs.
const CONTRAST: f64 = 3.0;

#[test]
fn every_mark_can_be_seen_in_every_theme() {
    let themes = mdbooks();
    assert_eq!(faint(CSS, &themes), [""; 0]);
    // The grey that a prototype had was too faint for one theme.
    let spoiled = CSS.replacen("#5f646c", "#8a8f98", 1);
    assert_eq!(faint(&spoiled, &themes).len(), 1, "on rust only");
}

/// The same in the other two places: without a script, and on paper.
#[test]
fn the_colours_are_the_same_without_a_script_and_on_paper() {
    assert_eq!(colours(CSS, ":is(.coal, .navy, .ayu) {"), dark());
    assert_eq!(colours(CSS, ":not(.js) {"), dark());
    let mut paper = colours(CSS, ":not(.js)) {");
    let light = colours(CSS, "html {");
    paper.push(light.last().expect("the bet's colour").clone());
    assert_eq!(paper, light);
    assert_eq!(light.len(), 9);
    assert!(dark().iter().map(|it| &it.0).eq(light.iter().map(|it| &it.0)));
}

#[test]
fn script_and_style_call_nobody() {
    for word in ["fetch(", "XMLHttpRequest", "import ", "localStorage", "//cdn"]
    {
        assert!(!SCRIPT.contains(word), "{word}");
    }
    for style in [CSS, OTHER_CSS] {
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
}

/// The class names that the drawing uses have a style, or the script needs
/// them.
#[test]
fn no_mark_is_without_a_style() {
    for class in [
        "w0", "w1", "w2", "w3", "w4", "w5", "waiting", "running", "answered",
        "event", "mark", "when", "grid", "playhead",
    ] {
        assert!(CSS.contains(&format!("& .{class} ")), "{class}");
    }
}

fn dark() -> Vec<(String, String)> {
    colours(CSS, "html:is(.coal, .navy, .ayu) {")
}

/// The marks that are too faint, with their theme.
fn faint(css: &str, themes: &[(String, String)]) -> Vec<String> {
    let mut faint = Vec::new();
    for (theme, page) in themes {
        let block = match theme.as_str() {
            "light" | "rust" => "html {",
            _ => "html:is(.coal, .navy, .ayu) {",
        };
        for (name, colour) in colours(css, block) {
            let contrast = contrast(&colour, page);
            if contrast < CONTRAST {
                faint.push(format!("{name} on {theme}: {contrast:.2}"));
            }
        }
    }
    faint
}

/// The --tl- colours of the first block that begins so.
fn colours(css: &str, start: &str) -> Vec<(String, String)> {
    let (_, rest) = css.split_once(start).expect("the block is there");
    let (block, _) = rest.split_once('}').expect("it ends");
    variables(block).filter(|it| it.0.starts_with("--tl-")).collect()
}

fn variables(block: &str) -> impl Iterator<Item = (String, String)> {
    block.split(';').filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    })
}

/// mdBook's themes and the colours of their pages, as a built book has them.
fn mdbooks() -> Vec<(String, String)> {
    let css = fs::read_dir(BOOK.html.join("css"))
        .expect("a built book has styles")
        .filter_map(|file| Some(file.ok()?.path()))
        .find(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("variables") && name.ends_with(".css")
        })
        .expect("and one for the themes");
    let css = fs::read_to_string(css).expect("a text");
    THEMES
        .map(|theme| {
            let rest = [" {", ", html:not(.js) {"].iter().find_map(|end| {
                Some(css.split_once(&format!("\n.{theme}{end}"))?.1)
            });
            let (block, _) = rest
                .unwrap_or_else(|| panic!("no theme {theme}"))
                .split_once('}')
                .expect("its end");
            let page = variables(block).find(|it| it.0 == "--bg");
            (theme.to_owned(), page.expect("a page has a colour").1)
        })
        .into()
}

/// WCAG's contrast ratio.
fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: &str) -> f64 {
    let linear = |part: f64| {
        if part <= 0.04045 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    };
    let [red, green, blue] = rgb(colour).map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// #rrggbb, or hsl(h, s%, l%) as mdBook writes it; parts from 0 to 1.
fn rgb(colour: &str) -> [f64; 3] {
    if let Some(digits) = colour.strip_prefix('#') {
        return [0, 2, 4].map(|at| {
            let part = u8::from_str_radix(&digits[at..at + 2], 16);
            f64::from(part.expect("two digits")) / 255.0
        });
    }
    let inner = colour.trim_start_matches("hsl(").trim_end_matches(')');
    let parts: Vec<f64> = inner
        .split(',')
        .map(|it| it.trim().trim_end_matches('%').parse().expect("a number"))
        .collect();
    let [hue, saturation, lightness] = parts[..] else {
        panic!("no colour: {colour}")
    };
    let (saturation, lightness) = (saturation / 100.0, lightness / 100.0);
    let chroma = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|n| {
        let k: f64 = (n + hue / 30.0) % 12.0;
        lightness - chroma * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}

#[test]
fn contrast_is_computed_as_the_standard_has_it() {
    assert!((contrast("#ffffff", "#000000") - 21.0).abs() < 0.001);
    assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.01);
    assert!((contrast("hsl(0, 0%, 100%)", "#ffffff") - 1.0).abs() < 0.001);
    // hsl(210, 25%, 8%) is #0f141a.
    assert!((contrast("hsl(210, 25%, 8%)", "#0f141a") - 1.0).abs() < 0.01);
}

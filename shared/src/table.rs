//! Tables from outside, as CSV files with a header row. All bad rows are reported at once, each with
//! file, line and column, and a table with a bad row gives nothing.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::str::FromStr;

/// Most problems that are told one by one.
const MAX_TOLD: usize = 50;
/// Most rows that one table may have.
const MAX_ROWS: usize = 5_000_000;
/// Longest field, in bytes.
const MAX_FIELD_BYTES: usize = 4_096;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Everything that is wrong with a table, one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    pub problems: Vec<String>,
    /// How many more there are than are told.
    pub more: usize,
}

/// What a table gave.
#[derive(Debug)]
pub struct Table<T> {
    pub rows: Vec<T>,
    /// Columns that nobody asked for; they are ignored.
    pub ignored: Vec<String>,
}

/// One row while it is read.
pub struct Row<'a> {
    file: &'a str,
    line: u64,
    names: &'a [(&'static str, Option<usize>)],
    record: &'a csv::StringRecord,
    problems: &'a mut Problems,
}

#[derive(Default)]
struct Problems {
    told: Vec<String>,
    more: usize,
}

/// Reads a table. A column whose name ends in `?` may be missing; its fields are empty then.
///
/// # Errors
/// [`TableError`] with everything that is wrong when the file cannot be read, a column is missing,
/// or any row is bad.
pub fn read<T>(
    path: &Path,
    columns: &[&'static str],
    mut row: impl FnMut(&mut Row<'_>) -> Option<T>,
) -> Result<Table<T>, TableError> {
    let file = path.display().to_string();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(open(path)?);
    let header = reader.headers().map_err(|error| TableError::one(format!("{file}:1: {error}")))?.clone();
    let (names, ignored) = head(&file, &header, columns)?;
    let mut problems = Problems::default();
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Ok(true) if rows.len() >= MAX_ROWS => {
                problems.add(format!("{file}:{line}: more than {MAX_ROWS} rows"));
                break;
            }
            Ok(true) => {
                // The reader passes over empty lines, so the record knows best where it began.
                let line = record.position().map_or(line, csv::Position::line);
                if record.len() != header.len() {
                    let (has, wants) = (record.len(), header.len());
                    problems.add(format!("{file}:{line}: {has} fields where the header has {wants}"));
                    continue;
                }
                let mut at =
                    Row { file: &file, line, names: &names, record: &record, problems: &mut problems };
                rows.extend(row(&mut at));
            }
            Err(error) => {
                problems.add(match error.kind() {
                    csv::ErrorKind::Utf8 { pos, err } => {
                        let line = pos.as_ref().map_or(line, csv::Position::line);
                        format!("{file}:{line}:{}: expected UTF-8", err.field() + 1)
                    }
                    _ => format!("{file}:{line}: {error}"),
                });
                if error.is_io_error() {
                    break;
                }
            }
        }
    }
    if problems.told.is_empty() {
        return Ok(Table { rows, ignored });
    }
    Err(TableError { problems: problems.told, more: problems.more })
}

impl Row<'_> {
    /// The line of the file that the row begins on.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Whether the table has this column, which it need not have when its name ends in `?`.
    pub fn has(&self, column: &str) -> bool {
        self.names.iter().any(|(name, at)| *name == column && at.is_some())
    }

    pub fn text(&self, column: &str) -> &str {
        let at = self.names.iter().find(|(name, _)| *name == column).and_then(|(_, at)| *at);
        at.and_then(|at| self.record.get(at)).unwrap_or("")
    }

    /// A field of some type; a bad one is reported as `what was expected`.
    pub fn get<T: FromStr>(&mut self, column: &str, expected: &str) -> Option<T> {
        self.get_where(column, expected, |_| true)
    }

    /// A field of some type that has to hold something more.
    pub fn get_where<T: FromStr>(
        &mut self,
        column: &str,
        expected: &str,
        holds: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let text = self.text(column);
        let value = if text.len() > MAX_FIELD_BYTES { None } else { text.parse().ok().filter(holds) };
        if value.is_none() {
            self.bad(column, expected);
        }
        value
    }

    /// Reports what is wrong with a field of this row.
    pub fn bad(&mut self, column: &str, expected: &str) {
        let at = self.names.iter().find(|(name, _)| *name == column).and_then(|(_, at)| *at);
        let place = at.map_or(String::new(), |at| format!(":{}", at + 1));
        self.problems.add(format!("{}:{}{place}: {column}: expected {expected}", self.file, self.line));
    }
}

type Names = Vec<(&'static str, Option<usize>)>;

fn head(
    file: &str,
    header: &csv::StringRecord,
    columns: &[&'static str],
) -> Result<(Names, Vec<String>), TableError> {
    let place = |name: &str| header.iter().position(|found| found.trim_start_matches('\u{feff}') == name);
    let mut problems = Problems::default();
    let mut names = Vec::new();
    for column in columns {
        let name = column.trim_end_matches('?');
        let at = place(name);
        if at.is_none() && !column.ends_with('?') {
            problems.add(format!("{file}:1: there is no column '{name}'"));
        }
        names.push((name, at));
    }
    if !problems.told.is_empty() {
        return Err(TableError { problems: problems.told, more: problems.more });
    }
    let known = |found: &str| names.iter().any(|(name, _)| *name == found.trim_start_matches('\u{feff}'));
    let ignored = header.iter().filter(|found| !known(found)).map(str::to_owned).collect();
    Ok((names, ignored))
}

/// Opens a file, unpacking it when it is gzip.
fn open(path: &Path) -> Result<Box<dyn Read>, TableError> {
    let fault = |error| TableError::one(format!("{}: cannot be read: {error}", path.display()));
    let mut file = File::open(path).map_err(fault)?;
    if file.metadata().map_err(fault)?.is_dir() {
        return Err(TableError::one(format!("{}: is a folder, expected a file", path.display())));
    }
    let mut start = Vec::new();
    file.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut start).map_err(fault)?;
    let packed = start == GZIP_MAGIC;
    let whole = std::io::Cursor::new(start).chain(file);
    let whole = BufReader::new(whole);
    if packed { Ok(Box::new(flate2::read::MultiGzDecoder::new(whole))) } else { Ok(Box::new(whole)) }
}

impl Problems {
    fn add(&mut self, problem: String) {
        if self.told.len() < MAX_TOLD { self.told.push(problem) } else { self.more += 1 }
    }
}

impl TableError {
    fn one(problem: String) -> Self {
        Self { problems: vec![problem], more: 0 }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))?;
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for TableError {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn table(text: &[u8]) -> Result<Table<(String, u32)>, TableError> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text).expect("written");
        let read = read(file.path(), &["sku", "stock", "category?"], |row| {
            let stock = row.get("stock", "a whole number");
            Some((row.text("sku").to_owned(), stock?))
        });
        let name = file.path().display().to_string();
        read.map_err(|mut error| {
            error.problems.iter_mut().for_each(|p| *p = p.replace(&name, "F"));
            error
        })
    }

    #[test]
    fn every_bad_row_is_told_at_once() {
        let error = table(b"sku,stock\na,1\nb,x\n\"c\nd\",2\ne,-1\nf\n").expect_err("bad rows");
        let expected = [
            "F:3:2: stock: expected a whole number",
            "F:6:2: stock: expected a whole number",
            "F:7: 1 fields where the header has 2",
        ];
        assert_eq!(error.problems, expected);
    }

    #[test]
    fn columns_are_found_by_name_and_strange_ones_are_named() {
        let table = table(b"\xef\xbb\xbfstock,colour,sku\n7,red,\"a \"\"b\"\", c\"\n").expect("a table");
        assert_eq!(table.rows, [("a \"b\", c".to_owned(), 7)]);
        assert_eq!(table.ignored, ["colour"]);
    }

    #[test]
    fn missing_columns_files_and_bad_bytes_are_told() {
        assert_eq!(table(b"sku\n").expect_err("no stock").problems, ["F:1: there is no column 'stock'"]);
        assert!(table(b"sku,stock\n\xff,1\n").is_err());
        assert!(table(b"").is_err());
        let gone = read(Path::new("/no/such/file"), &["a"], |_| Some(())).expect_err("no file");
        assert!(gone.problems[0].starts_with("/no/such/file: cannot be read"), "{gone}");
    }

    #[test]
    fn many_problems_are_counted() {
        let text = "sku,stock\n".to_owned() + &"a,x\n".repeat(60);
        let error = table(text.as_bytes()).expect_err("bad rows");
        assert_eq!((error.problems.len(), error.more), (MAX_TOLD, 10));
    }
}

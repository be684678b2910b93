//! Points in time as fields write them (RFC 9110 §5.6.7). The crates that parse them need `std`.

/// Parses a date in any of its three forms. Returns seconds since 1970, 0 for what was before.
///
/// `now` says which century the two digits of a year are in, as the second form has them: a date more
/// than 50 years in the future is one of the past.
///
/// ```text
/// Sun, 06 Nov 1994 08:49:37 GMT
/// Sunday, 06-Nov-94 08:49:37 GMT
/// Sun Nov  6 08:49:37 1994
/// ```
pub(crate) fn parse_date(text: &[u8], now: u64) -> Option<u64> {
    let name_len = text.iter().position(|byte| !byte.is_ascii_alphabetic())?;
    let (name, rest) = text.split_at_checked(name_len)?;
    let day = WEEKDAYS.iter().find(|day| day.starts_with(name))?;
    match *rest {
        [b',', b' ', d1, d2, b' ', m1, m2, m3, b' ', y1, y2, y3, y4, b' ', ref time @ ..]
            if name.len() == 3 =>
        {
            let date = date(number(&[y1, y2, y3, y4])?, [m1, m2, m3], number(&[d1, d2])?)?;
            at(date, time.strip_suffix(b" GMT")?)
        }
        [b',', b' ', d1, d2, b'-', m1, m2, m3, b'-', y1, y2, b' ', ref time @ ..]
            if name.len() == day.len() =>
        {
            let (year, day) = (number(&[y1, y2])?, number(&[d1, d2])?);
            let now = now.min(END_OF_9999);
            let century = (1970 + now / SECONDS_PER_YEAR) / 100 * 100;
            let latest = now.saturating_add(50 * SECONDS_PER_YEAR);
            let mut years = [100, 0].map(|later| century + later + year).into_iter();
            let time = time.strip_suffix(b" GMT")?;
            years
                .find_map(|year| {
                    at(date(year, [m1, m2, m3], day)?, time).filter(|then| *then <= latest)
                })
                .or_else(|| at(date(century - 100 + year, [m1, m2, m3], day)?, time))
        }
        [b' ', m1, m2, m3, b' ', d1, d2, b' ', ref time @ .., b' ', y1, y2, y3, y4]
            if name.len() == 3 =>
        {
            let day = if d1 == b' ' { number(&[d2])? } else { number(&[d1, d2])? };
            at(date(number(&[y1, y2, y3, y4])?, [m1, m2, m3], day)?, time)
        }
        _ => None,
    }
}

const WEEKDAYS: [&[u8]; 7] =
    [b"Monday", b"Tuesday", b"Wednesday", b"Thursday", b"Friday", b"Saturday", b"Sunday"];

/// Their names, and how many days they have in a year that is no leap year.
const MONTHS: [(&[u8; 3], u64); 12] = [
    (b"Jan", 31),
    (b"Feb", 28),
    (b"Mar", 31),
    (b"Apr", 30),
    (b"May", 31),
    (b"Jun", 30),
    (b"Jul", 31),
    (b"Aug", 31),
    (b"Sep", 30),
    (b"Oct", 31),
    (b"Nov", 30),
    (b"Dec", 31),
];

/// No date is later. It keeps all sums small.
const END_OF_9999: u64 = 253_402_300_799;

/// Days from the first of January of the year 0 to that of 1970.
const DAYS_BEFORE_1970: u64 = 719_528;

/// On average.
const SECONDS_PER_YEAR: u64 = 31_556_952;

/// The number of days since the first of January of the year 0.
fn date(year: u64, month: [u8; 3], day: u64) -> Option<u64> {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // Leap years before this one, the year 0 among them.
    let past = year.saturating_sub(1);
    let leap_days = past / 4 - past / 100 + past / 400 + u64::from(year > 0);
    let mut days = year * 365 + leap_days;
    for (name, len) in MONTHS {
        let len = len + u64::from(is_leap && name == b"Feb");
        if *name == month {
            return (1..=len).contains(&day).then(|| days + day - 1);
        }
        days += len;
    }
    None
}

/// Seconds since 1970 at `time`, written as `08:49:37`, of a day since the year 0.
fn at(day: u64, time: &[u8]) -> Option<u64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = *time else { return None };
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    // A leap second is the 60th.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let since_year_0 = day * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(since_year_0.saturating_sub(DAYS_BEFORE_1970 * 86_400))
}

/// The value of decimal digits, of which there are few.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110 §5.6.7. The values were computed with GNU `date`.
    #[test]
    fn a_date_is_parsed_in_each_of_its_forms() {
        const NOW: u64 = 1_800_000_000; // in 2027
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Wed Nov 16 08:49:37 1994", 784_975_777),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 1_445_412_480),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Fri, 01 Jan 1971 00:00:01 GMT", 31_536_001),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
            ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
            ("Sun, 28 Feb 2100 00:00:00 GMT", 4_107_456_000),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
            ("Wed, 31 Dec 1969 23:59:59 GMT", 0),
            ("Sat, 01 Jan 0000 00:00:00 GMT", 0),
            // 76 is 2076, 49 years ahead, and 78 is 1978: 2078 would be 51 years ahead.
            ("Wednesday, 01-Jan-76 00:00:00 GMT", 3_345_062_400),
            ("Sunday, 01-Jan-78 00:00:00 GMT", 252_460_800),
        ] {
            assert_eq!(parse_date(text.as_bytes(), NOW), Some(expected), "{text}");
        }
        // In 1999, 05 is 2005.
        assert_eq!(
            parse_date(b"Saturday, 01-Jan-05 00:00:00 GMT", 930_000_000),
            Some(1_104_537_600)
        );
        // In 9999, it is 10005.
        let late = parse_date(b"Saturday, 01-Jan-05 00:00:00 GMT", u64::MAX);
        assert_eq!(late, Some(253_560_153_600));
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "Sun",
            "Sun,",
            "784111777",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Su, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Xyz, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Mon, 29 Feb 2100 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 1994 +8:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994 GMT",
            "Sunday Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_date(text.as_bytes(), 0), None, "{text}");
        }
    }
}

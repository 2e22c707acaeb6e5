// The two clocks, and times as text. Nothing else in the server asks the system what time it is.

import CLinux
import Glibc

package enum Clock {
    /// Nanoseconds since some moment before the process began; never goes back.
    package static func monotonicNanoseconds() -> UInt64 {
        read(CLOCK_MONOTONIC)
    }

    /// Milliseconds since 1970-01-01 UTC; follows the system's clock, so it may go back.
    package static func unixMilliseconds() -> Int64 {
        Int64(read(CLOCK_REALTIME) / 1_000_000)
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "the clock cannot be read")
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// A moment of the proleptic Gregorian calendar in UTC.
package struct CalendarTime: Equatable, Sendable {
    package let year: Int
    package let month: Int
    package let day: Int
    /// 0 is Sunday.
    package let weekday: Int
    package let hour: Int
    package let minute: Int
    package let second: Int
    package let millisecond: Int

    /// From milliseconds since 1970-01-01 UTC, which may be negative.
    package init(unixMilliseconds: Int64) {
        let (days, rest) = Self.floorDivide(Int(unixMilliseconds), 86_400_000)
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1_000 % 60
        millisecond = rest % 1_000
        weekday = Self.floorDivide(days + 4, 7).remainder
        // Days to a date by eras of 400 years that begin on 1 March, so that leap days come last.
        let shifted = days + 719_468
        let (era, dayOfEra) = Self.floorDivide(shifted, 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static func floorDivide(_ a: Int, _ b: Int) -> (quotient: Int, remainder: Int) {
        let (q, r) = a.quotientAndRemainder(dividingBy: b)
        return r < 0 ? (q - 1, r + b) : (q, r)
    }
}

extension ByteBuffer {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T06:20:26.123Z`.
    package mutating func append(rfc3339 unixMilliseconds: Int64) {
        let time = CalendarTime(unixMilliseconds: unixMilliseconds)
        append(decimal: time.year, width: 4)
        append(UInt8(ascii: "-"))
        append(decimal: time.month, width: 2)
        append(UInt8(ascii: "-"))
        append(decimal: time.day, width: 2)
        append(UInt8(ascii: "T"))
        append(decimal: time.hour, width: 2)
        append(UInt8(ascii: ":"))
        append(decimal: time.minute, width: 2)
        append(UInt8(ascii: ":"))
        append(decimal: time.second, width: 2)
        append(UInt8(ascii: "."))
        append(decimal: time.millisecond, width: 3)
        append(UInt8(ascii: "Z"))
    }

    /// The form of the HTTP Date header (RFC 9110, 5.6.7): `Mon, 23 Nov 2026 06:20:26 GMT`.
    package mutating func append(httpDate unixMilliseconds: Int64) {
        let time = CalendarTime(unixMilliseconds: unixMilliseconds)
        let days: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months: [StaticString] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        append(days[time.weekday])
        append(", ")
        append(decimal: time.day, width: 2)
        append(UInt8(ascii: " "))
        append(months[time.month - 1])
        append(UInt8(ascii: " "))
        append(decimal: time.year, width: 4)
        append(UInt8(ascii: " "))
        append(decimal: time.hour, width: 2)
        append(UInt8(ascii: ":"))
        append(decimal: time.minute, width: 2)
        append(UInt8(ascii: ":"))
        append(decimal: time.second, width: 2)
        append(" GMT")
    }
}

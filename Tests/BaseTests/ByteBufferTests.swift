// The buffer against an array of bytes, and numbers as text against what the standard library
// writes.

import Base
import TestSupport
import Testing

@Suite struct ByteBufferTests {
    private func bytes(_ buffer: borrowing ByteBuffer) -> [UInt8] {
        let span = buffer.span
        return span.indices.map { span[$0] }
    }

    @Test func agreesWithAnArray() {
        var random = Seed.random("byte-buffer")
        var buffer = ByteBuffer()
        var model: [UInt8] = []
        for _ in 0..<4_000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                let byte = UInt8.random(in: 0...255, using: &random)
                buffer.append(byte)
                model.append(byte)
            case 1...3:
                let count = Int.random(in: 0..<200, using: &random)
                let more = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                buffer.append(more.span)
                model += more
            case 4:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.removeFirst(count)
                model.removeFirst(count)
            case 5:
                let count = Int.random(in: 0...model.count, using: &random)
                buffer.truncate(to: count)
                model.removeLast(model.count - count)
            case 6:
                let value = random.next()
                buffer.append(littleEndian: value)
                model += (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
            default:
                guard model.count >= 4 else { continue }
                let at = Int.random(in: 0...model.count - 4, using: &random)
                let value = UInt32(truncatingIfNeeded: random.next())
                buffer.set(littleEndian: value, at: at)
                for place in 0..<4 {
                    model[at + place] = UInt8(truncatingIfNeeded: value >> UInt32(8 * place))
                }
                #expect(buffer.get(UInt32.self, at: at) == value)
            }
            #expect(buffer.count == model.count && buffer.count <= buffer.capacity)
            #expect(buffer.isEmpty == model.isEmpty)
            if bytes(buffer) != model { Issue.record("the buffer differs from its model") }
        }
    }

    @Test func fillsAtMostWhatItSaid() {
        var buffer = ByteBuffer(capacity: 16)
        for round in UInt8(1)...50 {
            unsafe buffer.append(upTo: 100) { space in
                for index in 0..<Int(round) { unsafe space[index] = round }
                return Int(round)
            }
        }
        #expect(bytes(buffer) == (UInt8(1)...50).flatMap { [UInt8](repeating: $0, count: Int($0)) })
        #expect(bytes(buffer).count == 1_275)
    }

    @Test func keepsItsMemoryUnlessTold() {
        var buffer = ByteBuffer(capacity: 16)
        for _ in 0..<100 { buffer.append("0123456789") }
        let grown = buffer.capacity
        buffer.removeAll()
        #expect(buffer.isEmpty && buffer.capacity == grown)
        // A use that needed it keeps it; small ones give it back by halves.
        for _ in 0..<100 { buffer.append("0123456789") }
        buffer.removeAll(keepingAtMost: 64)
        #expect(buffer.isEmpty && buffer.capacity == grown)
        buffer.append("abc")
        buffer.removeAll(keepingAtMost: 64)
        #expect(buffer.isEmpty && buffer.capacity == grown / 2)
        for _ in 0..<20 {
            buffer.append("abc")
            buffer.removeAll(keepingAtMost: 64)
        }
        #expect(buffer.capacity == 64)
        buffer.append("still good")
        #expect(buffer.text == "still good")
    }

    @Test func changesInPlace() {
        var buffer = ByteBuffer()
        buffer.append("mask me")
        var view = buffer.mutableSpan
        for index in view.indices { view[index] ^= 0x20 }
        #expect(buffer.text == "MASK\0ME")
        #expect(buffer.span(5..<7).count == 2)
    }

    @Test func writesDecimals() {
        var values: [Int64] = [0, 9, 10, 99, 100, -1, -9, -10, .min, .max, .min + 1]
        var power: Int64 = 1
        for _ in 0..<18 {
            power *= 10
            values += [power - 1, power, power + 1, -power]
        }
        var random = Seed.random("decimals")
        for _ in 0..<1_000 {
            values.append(
                Int64(bitPattern: random.next() >> UInt64.random(in: 0..<64, using: &random)))
        }
        for value in values {
            var buffer = ByteBuffer()
            buffer.append(decimal: value)
            #expect(buffer.text == "\(value)")
        }
        var buffer = ByteBuffer()
        buffer.append(decimal: UInt64.max)
        buffer.append(decimal: Int.min)
        buffer.append(decimal: UInt8.max)
        buffer.append(decimal: Int8.min)
        #expect(buffer.text == "18446744073709551615-9223372036854775808255-128")
    }

    @Test(arguments: [
        (0, 1, "0"), (0, 4, "0000"), (7, 3, "007"), (42, 2, "42"), (123, 2, "123"), (5, 0, "5"),
        (99, 3, "099"), (100, 3, "100"), (1_000_000, 3, "1000000"),
    ])
    func writesDecimalsOfAWidth(value: Int, width: Int, text: String) {
        var buffer = ByteBuffer()
        buffer.append(decimal: value, width: width)
        #expect(buffer.text == text)
    }

    @Test func writesHexadecimals() {
        var buffer = ByteBuffer()
        buffer.append(hexadecimal: 0)
        buffer.append(hexadecimal: .max)
        buffer.append(hexadecimal: 0x0123_4567_89ab_cdef)
        #expect(buffer.text == "0000000000000000ffffffffffffffff0123456789abcdef")
    }
}

// Imports point downward only, as the picture in README.md shows. The table says who may import
// whom; an edge that is not in it fails, and a new one is a decision to be recorded (docs/adr).
// Foundation has no place in the server: it would add 7 to 51 MB.

import Testing

@Suite struct ImportTests {
    /// What a module may import beside the system's modules.
    static let edges: [String: Set<String>] = [
        "Base": leaves,
        "Wire": ["Base", "CZlib"],
        "Reactor": ["Base", "CLinux", "COpenSSL"],
        "Store": ["Base", "CLinux", "CLZ4"],
        "Hub": ["Base", "Reactor"],
        "Chat": ["Base", "Wire", "Reactor", "Store", "Hub", "CCrypt"],
        "Outbound": ["Base", "CCurl", "CLinux"],
        "Agent": ["Base", "Wire", "Chat", "Outbound"],
        "API": [
            "Base", "Wire", "Reactor", "Store", "Hub", "Chat", "Outbound", "Agent", "CAssets",
            "COpenSSL",
        ],
        "Configuration": ["Base", "CYAML", "CLinux"],
        "Load": ["Base", "Wire", "CLinux", "Histogram"],
        "lingxi": Set(modules).union(leaves),
    ]
    static let modules = [
        "Base", "Wire", "Reactor", "Store", "Hub", "Chat", "Outbound", "Agent", "API",
        "Configuration", "Load",
    ]
    static let leaves: Set<String> = [
        "CLinux", "COpenSSL", "CCrypt", "CZlib", "CLZ4", "CCurl", "CYAML", "CExpat", "CAssets",
    ]
    static let system: Set<String> = ["Swift", "Glibc", "Synchronization"]

    /// The edges of a file that the table does not hold, in words.
    static func faults(of file: SourceFile) -> [String] {
        guard let allowed = edges[file.module] else {
            return ["\(file.path): \(file.module) is not in the table of modules"]
        }
        return file.imports.compactMap { imported, line in
            allowed.contains(imported) || system.contains(imported)
                ? nil : "\(file.path):\(line): \(file.module) must not import \(imported)"
        }
    }

    @Test func sourcesImportDownwardOnly() throws {
        let files = try Project.files(in: ["Sources"], endings: [".swift"])
        #expect(files.count > 5, "the sources were not found")
        #expect(files.flatMap(Self.faults) == [])
    }

    /// The API sees the store's values and the hub's protocol, never a table or the log's inside:
    /// what is read or changed goes through a command of Chat.
    @Test func transportsReachTheTablesThroughCommandsOnly() throws {
        let files = try Project.files(in: ["Sources/API"], endings: [".swift"])
        #expect(files.count > 5, "the sources were not found")
        for file in files {
            for word in ["withLocked", "LockedTables", "log.append", "log.attach", "log.admit"] {
                let line = file.lines.firstIndex { $0.contains(word) }
                #expect(line == nil, "\(file.path):\((line ?? 0) + 1): \(word)")
            }
        }
    }

    @Test func testsImportNothingThatTheyTestInSecret() throws {
        let files = try Project.files(in: ["Tests"], endings: [".swift"])
        let known = Self.leaves.union(Self.modules).union(Self.system)
            .union(["Testing", "TestSupport", "SimulatedDisk", "Foundation", "Dispatch"])
        for file in files where file.module != "ArchitectureTests" {
            for (imported, line) in file.imports where !known.contains(imported) {
                Issue.record("\(file.path):\(line): \(imported) is not a module of this project")
            }
        }
    }

    @Test func everySourceStandsInTheFolderOfItsModule() throws {
        let manifest = try Project.files(in: ["Package.swift"], endings: [".swift"])
        let text = try #require(manifest.first).lines.joined().filter { !$0.isWhitespace }
        let files = try Project.files(
            in: ["Sources"], endings: [".swift", ".c", ".h", ".modulemap"])
        for module in Set(files.map(\.module)) {
            #expect(
                text.contains("name:\"\(module)\"") || text.contains("module(\"\(module)\""),
                "Sources/\(module) is not a target")
        }
        for file in files where file.path.hasSuffix(".swift") {
            #expect(Self.edges[file.module] != nil, "\(file.path) stands in no module's folder")
        }
    }

    @Test(arguments: [
        ("import Glibc", []), ("package import Base", []), ("import struct Base.ByteBuffer", []),
        ("@preconcurrency import Glibc", []), ("// import Store", []),
        ("import Store", ["Store"]), ("@_exported public import Reactor", ["Reactor"]),
        ("import class Hub.Hub", ["Hub"]), ("    internal import Chat", ["Chat"]),
        ("import Foundation", ["Foundation"]),
        ("import FoundationEssentials", ["FoundationEssentials"]),
        ("let text = \"\\n\"; import Agent", []),
    ])
    func aWrongEdgeIsSeen(line: String, wrong: [String]) {
        let file = SourceFile(path: "Sources/Wire/Example.swift", text: "// Example.\n\(line)\n")
        let faults = Self.faults(of: file)
        #expect(faults.count == wrong.count)
        for (fault, module) in zip(faults, wrong) { #expect(fault.hasSuffix("import \(module)")) }
    }

    @Test func theTableHasNoCycle() {
        var order: [String] = []
        var left = Self.edges.mapValues { $0.intersection(Self.modules) }
        while let next = left.keys.sorted().first(where: { left[$0]?.isSubset(of: order) == true })
        {
            order.append(next)
            left[next] = nil
        }
        #expect(left.isEmpty, "these import each other: \(left.keys.sorted())")
    }
}

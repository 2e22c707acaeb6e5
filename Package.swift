// swift-tools-version: 6.2
//
// Targets in the order in which a byte passes through them. Imports point only downward: to the
// targets named in `dependencies`, and no further (an architecture test reads every import).

import PackageDescription

/// One settings list for every Swift target.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

func module(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: Target.Dependency...) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: strict)
}

let package = Package(
    name: "lingxi",
    products: [
        .executable(name: "lingxi", targets: ["lingxi"])
    ],
    dependencies: [
        // The load generator's percentiles; it brings no Foundation.
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0")
    ],
    targets: [
        // C leaves.
        .target(name: "CLinux"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        // The server.
        module("Base", "CLinux"),
        module("Wire", "Base", "CZlib"),
        module("Reactor", "Base", "CLinux"),
        module("Store", "Base", "CLinux", "CLZ4"),
        module("Hub", "Base", "Reactor"),
        module("Chat", "Base", "Wire", "Reactor", "Store", "Hub", "CCrypt"),
        module("Outbound", "Base", "CCurl", "CLinux"),
        module("API", "Base", "Wire", "Reactor", "Store", "Hub", "Chat", "COpenSSL"),
        module("Configuration", "Base", "CYAML"),
        module(
            "Load", "Base", "Wire", "CLinux",
            .product(name: "Histogram", package: "hdrhistogram-swift")),
        .executableTarget(
            name: "lingxi",
            dependencies: [
                "Base", "Reactor", "Store", "Hub", "Chat", "API", "Configuration", "Load", "CLinux",
            ], swiftSettings: strict),

        // Tests mirror the modules.
        .target(
            name: "TestSupport", dependencies: ["Base"], path: "Tests/TestSupport",
            swiftSettings: strict),
        .target(
            name: "SimulatedDisk", dependencies: ["Base", "Store"], path: "Tests/SimulatedDisk",
            swiftSettings: strict),
        tests("BaseTests", "Base"),
        tests("WireTests", "Base", "Wire"),
        tests("ReactorTests", "Base", "Reactor", "CLinux"),
        tests("StoreTests", "Base", "Store", "SimulatedDisk"),
        tests("SimulationTests", "Base", "Reactor", "Store", "Hub", "Chat", "SimulatedDisk"),
        tests("HubTests", "Base", "Reactor", "Hub"),
        tests("ChatTests", "Base", "Wire", "Reactor", "Store", "Hub", "Chat"),
        tests("APITests", "Base", "Wire", "Chat", "Store", "API", "COpenSSL"),
        tests("OutboundTests", "Base", "Outbound", "COpenSSL"),
        tests("ArchitectureTests"),
        tests("ConfigurationTests", "Base", "Configuration"),
        tests("LoadTests", "Base", "Load", "Wire"),
    ],
    cLanguageStandard: .gnu2x
)

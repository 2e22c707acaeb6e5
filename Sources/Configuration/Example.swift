// `config.example.yaml`, made from the table: every key with its default and what it is for.

package enum Example {
    /// The whole file. Read back, it gives exactly the defaults.
    package static func text() -> String {
        var result = """
            # Lingxi's configuration: every key with its default.
            # Copy what you change to config.yaml.
            #
            # Over this file come variables LINGXI_SECTION_KEY (LINGXI_SERVER_PORT=8080), over
            # those flags (--set server.port=8080). For a secret, LINGXI_SECTION_KEY_FILE names
            # a file that holds it. What is marked (reload) changes in a running server at
            # SIGHUP, the rest at a restart. `lingxi config check` tells what is wrong, and where
            # each value comes from.

            """
        let defaults = Configuration()
        for section in Keys.sections {
            result += "\n\(section):\n"
            for key in Keys.all where key.section == section {
                let reload = key.reloading == .restart ? "" : " (reload)"
                result += "  # \(key.purpose)\(reload)\n"
                result += "  \(key.name): \(key.rendered(defaults))\n"
            }
        }
        return result
    }
}

// The rules for user names and passwords as a table: which are good, and which are not.

import Chat
import Testing

@Suite struct UserNameTests {
    @Test(arguments: [
        "li", "LI", "a1", "小明", "Ōe", "Οδυσσέας", "Владимир", "مريم", "मीरा", "สมชาย", "_x", "..",
        "a-b", "a.b_c-d", "٣٤", "e\u{301}a", "한글", String(repeating: "a", count: 32),
        String(repeating: "小", count: 32), "aid", "admin1", "systems", "group", "groups_1", "ai_",
        "xgroup_1", "Iai",
    ])
    func good(name: String) {
        #expect(UserName.defect(name) == nil)
    }

    @Test(arguments: [
        // Length, counted in code points.
        "", "a", "小", String(repeating: "a", count: 33), String(repeating: "小", count: 33),
        String(repeating: "e\u{301}", count: 17),
        // Characters.
        "a b", " ab", "ab ", "a\tb", "a\nb", "a\0b", "a@b", "a/b", "a\\b", "a\"b", "a<b", "a,b",
        "a:b", "a+b", "a&b", "a%b", "a'b", "a😀", "a\u{200D}b", "a\u{200B}b", "a\u{202E}b",
        "a\u{FEFF}b", "a\u{E000}b", "a—b", "a。b", "a\u{A0}b", "\u{85}ab", "a$b", "a^b",
        // Reserved, in any case and form.
        "ai", "AI", "Ai", "admin", "ADMIN", "aDmIn", "system", "System", "\u{17F}y\u{17F}tem",
        "group_1", "GROUP_1", "Group_x", "group_", "gRoUp_小", "group_\u{301}1",
    ])
    func bad(name: String) {
        #expect(UserName.defect(name) != nil)
    }

    @Test func passwordsAreCountedInBytes() {
        func isGood(_ password: String) -> Bool {
            do throws(Failure) {
                try TextLimits.checkPassword("password", password)
                return true
            } catch {
                #expect(error.code == .invalidRequest && error.fields.map(\.field) == ["password"])
                return false
            }
        }
        #expect(isGood("123456") && isGood("密码") && isGood(String(repeating: "x", count: 72)))
        #expect(!isGood("") && !isGood("12345") && !isGood("密é"))
        #expect(!isGood(String(repeating: "x", count: 73)))
        #expect(!isGood(String(repeating: "密", count: 25)) && !isGood("123\u{0}456"))
    }
}

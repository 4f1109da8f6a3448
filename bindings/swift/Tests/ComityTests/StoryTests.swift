import Testing
@Suite struct Dummy { @Test func a() {} }

// The slots of a reactor's connections, in pages that never move. A slot number is reused; its
// generation rises with every use, so a key of an earlier use finds nobody.
//
// Only the loop that owns the table touches it.

@safe
struct ConnectionTable: ~Copyable {
    private let pages: UnsafeMutablePointer<UnsafeMutablePointer<Connection>>
    private var pageCount = 0
    private var firstFree = UInt32.max
    private(set) var count = 0
    let capacityMax: Int

    init(capacityMax: Int) {
        self.capacityMax = capacityMax
        let pagesMax = (capacityMax + ReactorLimits.slotsPerPage - 1) / ReactorLimits.slotsPerPage
        unsafe pages = UnsafeMutablePointer.allocate(capacity: pagesMax)
    }

    deinit {
        for page in 0..<pageCount {
            unsafe pages[page].deinitialize(count: ReactorLimits.slotsPerPage)
            unsafe pages[page].deallocate()
        }
        unsafe pages.deallocate()
    }

    /// Slots that exist, used or free. The last page may have more than may be used.
    var slotCount: Int { min(pageCount * ReactorLimits.slotsPerPage, capacityMax) }

    /// The slot's memory; it never moves. A number that was never handed out is a programmer's
    /// error.
    func at(_ slot: UInt32) -> UnsafeMutablePointer<Connection> {
        let page = Int(slot) / ReactorLimits.slotsPerPage
        precondition(page < pageCount, "no such slot")
        return unsafe pages[page] + Int(slot) % ReactorLimits.slotsPerPage
    }

    /// A free slot, or nil when the table is full.
    mutating func take() -> UInt32? {
        if firstFree == .max, !addPage() { return nil }
        let slot = firstFree
        let connection = unsafe at(slot)
        unsafe firstFree = connection.pointee.nextFree
        let generation = unsafe (connection.pointee.generation + 1) & ConnectionKey.generationMask
        unsafe connection.pointee = Connection()
        unsafe connection.pointee.generation = generation
        count += 1
        return slot
    }

    /// Makes the slot free for another connection.
    mutating func give(_ slot: UInt32) {
        let connection = unsafe at(slot)
        let generation = unsafe connection.pointee.generation
        unsafe connection.pointee = Connection()
        unsafe connection.pointee.generation = generation
        unsafe connection.pointee.nextFree = firstFree
        firstFree = slot
        count -= 1
    }

    private mutating func addPage() -> Bool {
        let size = ReactorLimits.slotsPerPage
        let usable = min(size, capacityMax - slotCount)
        guard usable > 0 else { return false }
        let page = UnsafeMutablePointer<Connection>.allocate(capacity: size)
        unsafe page.initialize(repeating: Connection(), count: size)
        unsafe pages[pageCount] = page
        let first = slotCount
        pageCount += 1
        for index in stride(from: usable - 1, through: 0, by: -1) {
            unsafe page[index].nextFree = firstFree
            firstFree = UInt32(first + index)
        }
        return true
    }
}

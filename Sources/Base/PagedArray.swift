// An array whose elements never move: it grows by pages, so that a pointer to an element stays good
// while others are appended. For rows that are changed in place by whoever holds their lock.

@usableFromInline
@safe package struct PagedArray<Element>: ~Copyable {
    @usableFromInline var pages: [UnsafeMutablePointer<Element>] = unsafe []
    @usableFromInline let pageSize: Int
    /// Elements, all initialised.
    @usableFromInline package private(set) var count = 0

    @inlinable
    package init(pageSize: Int) { self.pageSize = pageSize }

    @inlinable
    deinit {
        for index in unsafe pages.indices {
            let used = min(pageSize, count - index * pageSize)
            unsafe pages[index].deinitialize(count: used)
            unsafe pages[index].deallocate()
        }
    }

    @inlinable
    package mutating func append(_ element: Element) {
        if unsafe count == pages.count * pageSize {
            let page = UnsafeMutablePointer<Element>.allocate(capacity: pageSize)
            unsafe pages.append(page)
        }
        unsafe (pages[count / pageSize] + count % pageSize).initialize(to: element)
        count += 1
    }

    /// The element's memory; it never moves. An index outside is a programmer's error.
    @inlinable
    package func pointer(_ index: Int) -> UnsafeMutablePointer<Element> {
        precondition(index >= 0 && index < count, "an element that is not there")
        return unsafe pages[index / pageSize] + index % pageSize
    }
}

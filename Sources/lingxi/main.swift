import Base

_ = Clock.unixMilliseconds()

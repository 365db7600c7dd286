global using Xunit;

// The tokens, the foreign clients and the service under test are Debian's.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

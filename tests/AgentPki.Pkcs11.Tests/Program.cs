using AgentPki.Pkcs11.Tests.Wrapped.Memory;
using Xunit.Runner.InProc.SystemConsole;

// A test project is an executable; this one is also the process whose memory the tests search.
return args is [MemoryChild.Verb, ..] ? await MemoryChild.RunAsync(args[1..]) : await ConsoleRunner.Run(args);

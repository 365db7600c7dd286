using AgentPki.Storage.Tests.Durability;
using Xunit.Runner.InProc.SystemConsole;

// A test project is an executable; this one is also the writer that its power-loss tests kill.
return args is [CrashWriter.Verb, ..] ? await CrashWriter.RunAsync(args[1..]) : await ConsoleRunner.Run(args);

using AgentPki.Benchmarks;
using BenchmarkDotNet.Running;

BenchmarkSwitcher.FromAssembly(typeof(ShortRun).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, ShortRun.Config);

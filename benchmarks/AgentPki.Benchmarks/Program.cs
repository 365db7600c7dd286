using AgentPki.Benchmarks;
using BenchmarkDotNet.Running;

if (await RecoveryHome.TryRunAsync(args) is { } code)
{
    return code;
}

BenchmarkSwitcher.FromAssembly(typeof(ShortRun).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, ShortRun.Config);
return 0;

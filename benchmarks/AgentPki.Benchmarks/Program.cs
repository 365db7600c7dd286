using AgentPki.Benchmarks;
using BenchmarkDotNet.Running;

if (await RecoveryHome.TryRunAsync(args) is { } code)
{
    return code;
}

if (args is ["decisions", .. var rest])
{
    await DecisionRun.RunAsync(rest);
    return 0;
}

BenchmarkSwitcher.FromAssembly(typeof(ShortRun).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args, ShortRun.Config);
return 0;

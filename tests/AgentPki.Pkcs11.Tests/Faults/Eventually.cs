using System.Diagnostics;
using Xunit;

namespace AgentPki.Pkcs11.Tests.Faults;

/// <summary>Waits for what must come, with a limit that only a defect reaches.</summary>
internal static class Eventually
{
    public static async Task True(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"still not: {what}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}

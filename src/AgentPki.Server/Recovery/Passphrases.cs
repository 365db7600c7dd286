using System.Text;
using AgentPki.Server.Cli;

namespace AgentPki.Server.Recovery;

/// <summary>Asks for a passphrase: on the terminal without showing it; where there is none, one line of standard input.</summary>
internal static class Passphrases
{
    internal static string Ask(Terminal terminal, string prompt)
    {
        if (Console.IsInputRedirected)
        {
            return Console.In.ReadLine() ?? "";
        }

        terminal.Error.Write(new Spectre.Console.Text($"{prompt}: "));
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            typed.Length = key.Key == ConsoleKey.Backspace ? Math.Max(0, typed.Length - 1) : typed.Length;
            typed.Append(char.IsControl(key.KeyChar) ? "" : key.KeyChar.ToString());
        }

        terminal.Error.Write(new Spectre.Console.Text(Environment.NewLine));
        return typed.ToString();
    }
}
